// Sends the minutes on, as a document where the phone can hand files over, or the card of a practice; where the
// browser hands nothing over, as text in the clipboard. A button [data-card] tells the address of its card.
(() => {
  const say = (sentence, bad) => {
    const box = document.getElementById('said');
    box.textContent = sentence;
    box.className = bad ? 'shown bad' : 'shown';
    setTimeout(() => { box.className = ''; }, 5000);
  };

  const asked = async address => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    return answer;
  };

  // Without https a browser has no clipboard of its own for pages; the older way works there.
  const copied = async text => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const box = document.body.appendChild(Object.assign(document.createElement('textarea'), {value: text}));
    box.select();
    const done = document.execCommand('copy');
    box.remove();
    if (!done) throw new TypeError('copy');
  };

  const trying = (send, otherwise) => send().catch(error => {
    if (error.name !== 'AbortError') say(error.name === 'Error' ? error.message : otherwise, true);
  });

  window.hjShare = (address, text) => trying(async () => {
    if (navigator.canShare) {
      const answer = await asked(address);
      const name = decodeURIComponent(answer.headers.get('Content-Disposition').split("''")[1]);
      const file = new File([await answer.blob()], name, {type: answer.headers.get('Content-Type')});
      await navigator.share(navigator.canShare({files: [file]}) ? {files: [file]} : {text});
      return;
    }
    await copied(text);
    say('纪要文字已复制：可粘贴到微信、邮件等。');
  }, '这个浏览器不能直接发送：请下载 Word 后发送。');

  const card = address => trying(async () => {
    const text = await (await asked(address)).text();
    if (navigator.canShare?.({text})) {
      await navigator.share({text});
      return;
    }
    await copied(text);
    say('实践卡已复制：可粘贴到微信、邮件等。');
  }, '这个浏览器不能直接发送：请换一个浏览器。');

  document.addEventListener('click', event => {
    const address = event.target.closest('[data-card]')?.dataset.card;
    if (address) card(address);
  });
})();
