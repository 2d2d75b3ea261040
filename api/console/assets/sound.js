// The parts of a meeting's recording as one sound on one clock. Needs <audio id="sound" data-starts data-address>.
(() => {
  const sound = () => document.getElementById('sound');
  const starts = () => JSON.parse(sound().dataset.starts);
  const part = () => +sound().getAttribute('src').match(/(\d+)\/audio$/)[1];

  function seek(seconds, play = true) {
    const audio = sound();
    if (!audio) return;
    const begins = starts();
    let wanted = begins.length;
    while (wanted > 1 && begins[wanted - 1] > seconds) wanted--;
    const there = () => {
      audio.currentTime = Math.max(0, seconds - begins[wanted - 1]);
      if (play) audio.play().catch(() => {});
    };
    if (part() === wanted && audio.readyState > 0) return there();
    const rate = audio.playbackRate;
    audio.setAttribute('src', audio.dataset.address + wanted + '/audio');
    audio.addEventListener('loadedmetadata', () => { audio.playbackRate = rate; there(); }, {once: true});
    audio.preload = 'auto';
    audio.load();
  }

  const now = () => sound() ? starts()[part() - 1] + sound().currentTime : 0;
  const playing = () => !!sound() && !sound().paused;

  document.addEventListener('ended', event => {
    if (event.target === sound() && part() < starts().length) seek(starts()[part()]);
  }, true);

  document.addEventListener('click', event => {
    const at = event.target.closest('[data-at]')?.dataset.at;
    if (at !== undefined) seek(+at);
  });

  window.hjSeek = seek;
  window.hjSound = {
    now, playing, seek,
    skip: seconds => seek(Math.max(0, now() + seconds), playing()),
    toggle: () => sound() && (playing() ? sound().pause() : sound().play().catch(() => {})),
    pause: () => sound()?.pause(),
    rate: factor => { if (sound()) sound().playbackRate = factor; },
  };
})();
