// The waveform above the chapters: a click plays from there, a line shows where the sound stands. Needs sound.js.
(() => {
  let canvas, found, first, last;
  const shade = name => getComputedStyle(document.body).getPropertyValue(name);

  function draw() {
    const ratio = window.devicePixelRatio || 1, {columns, duration} = found;
    const width = canvas.width = canvas.clientWidth * ratio, height = canvas.height = canvas.clientHeight * ratio;
    const pen = canvas.getContext('2d'), now = window.hjSound?.now() ?? 0, step = 2 * ratio;
    for (let x = 0; x < width; x += step * 1.5) {
      const at = first + x / width * (last - first), column = Math.floor(at / duration * columns.length);
      const tall = Math.max(ratio, (columns[column] || 0) / 100 * height);
      pen.fillStyle = shade(at < now ? '--accent' : '--soft');
      pen.fillRect(x, (height - tall) / 2, step, tall);
    }
  }

  async function begin() {
    canvas = document.getElementById('wave');
    if (!canvas) { setTimeout(begin, 50); return; }
    [first, last] = [+canvas.dataset.first, +canvas.dataset.last];
    const answer = await fetch(canvas.dataset.address).catch(() => null);
    if (!answer?.ok) return;
    found = await answer.json();
    canvas.hidden = false;
    canvas.addEventListener('click', event => window.hjSeek?.(first + event.offsetX / canvas.clientWidth * (last - first)));
    document.addEventListener('timeupdate', draw, true);
    window.addEventListener('resize', draw);
    new MutationObserver(draw).observe(document.body, {attributeFilter: ['class']});
    draw();
  }
  begin();
})();
