// Short sounds of several meetings in one player: a button [data-clip] plays the one at its address.
// Needs <audio id="sound"> and <div id="said">. The whole clip is fetched: a refusal can be told in its words,
// and browsers that ask for sound piece by piece can play it.
(() => {
  let wanted = '';

  document.addEventListener('click', async event => {
    const button = event.target.closest('[data-clip]');
    if (!button) return;
    const sound = document.getElementById('sound'), address = wanted = button.dataset.clip;
    sound.pause();
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error((await answer.json()).detail);
      const clip = await answer.blob();
      if (address !== wanted) return;  // another one was pressed meanwhile
      URL.revokeObjectURL(sound.src);
      sound.src = URL.createObjectURL(clip);
      sound.setAttribute('aria-label', button.dataset.title);
      await sound.play();
    } catch (error) {
      if (error.name === 'Error') told(error.message);
      else if (error.name === 'TypeError') told('没有连上服务：请检查网络后重试。');
    }
  });

  function told(sentence) {
    const box = document.getElementById('said');
    box.textContent = sentence;
    box.className = 'shown bad';
    setTimeout(() => { box.className = ''; }, 5000);
  }
})();
