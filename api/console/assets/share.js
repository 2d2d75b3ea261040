// Sends the minutes on: as a document where the phone can hand files over, else as text in the clipboard.
(() => {
  const say = (sentence, bad) => {
    const box = document.getElementById('said');
    box.textContent = sentence;
    box.className = bad ? 'shown bad' : 'shown';
    setTimeout(() => { box.className = ''; }, 5000);
  };

  window.hjShare = async (address, text) => {
    try {
      if (navigator.canShare) {
        const answer = await fetch(address);
        if (!answer.ok) throw new Error((await answer.json()).detail);
        const name = decodeURIComponent(answer.headers.get('Content-Disposition').split("''")[1]);
        const file = new File([await answer.blob()], name, {type: answer.headers.get('Content-Type')});
        const given = navigator.canShare({files: [file]}) ? {files: [file]} : {text};
        await navigator.share(given);
        return;
      }
      await navigator.clipboard.writeText(text);
      say('纪要文字已复制：可粘贴到微信、邮件等。');
    } catch (error) {
      if (error.name !== 'AbortError') say(error.name === 'Error' ? error.message : '这个浏览器不能直接发送：请下载 Word 后发送。', true);
    }
  };
})();
