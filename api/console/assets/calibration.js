// Scoring blind: points an item, a draft that outlives a closed tab, handing in. Needs window.hjCalibration,
// asking.js, sound.js, and the HTML that calibration_sheet.py writes.
(() => {
  const given = window.hjCalibration, $ = selector => document.querySelector(selector);
  const {ask, say} = window.hjAsking(given.csrf, () => $('#said'));
  let items = [];

  const points = one => one.querySelector('.points'), none = one => one.querySelector('.none');
  const score = one => none(one).checked || points(one).value === '' ? null : +points(one).value;
  const scored = one => none(one).checked || points(one).value !== '';

  function paint() {
    let got = 0, whole = 0;
    for (const one of items) {
      const now = score(one), most = +one.dataset.max;
      if (now !== null) { got += now; whole += most; }
      points(one).disabled = none(one).checked;
      for (const button of one.querySelectorAll('[data-level]'))
        button.setAttribute('aria-pressed', now !== null && Math.abs(button.dataset.level * most - now) < 0.05);
    }
    $('#scored').textContent = `已评 ${items.filter(scored).length} / ${items.length} 项`;
    $('#energy').textContent = whole ? `按您的分，能量值 ${window.hjPoints(100 * got / whole)}` : '';
  }

  function keep() {
    const rows = items.filter(scored).map(one => [one.dataset.item, score(one)]);
    localStorage.setItem(given.draft, JSON.stringify({rows, verdict: $('[name=verdict]:checked')?.value}));
    paint();
  }

  function restore() {
    const draft = JSON.parse(localStorage.getItem(given.draft) || 'null');
    for (const [item, now] of draft?.rows || []) {
      const one = items.find(each => each.dataset.item === item);
      if (!one) continue;
      none(one).checked = now === null;
      points(one).value = now ?? '';
    }
    const verdict = draft?.verdict && $(`[name=verdict][value=${draft.verdict}]`);
    if (verdict) verdict.checked = true;
  }

  async function handIn() {
    const open = items.find(one => !scored(one)), verdict = $('[name=verdict]:checked')?.value;
    const wrong = items.find(one => score(one) !== null && !(score(one) >= 0 && score(one) <= +one.dataset.max));
    $('#refused').textContent = open ? `项 ${open.dataset.item} 还没有给分：给分，或勾“不适用”。`
      : wrong ? `项 ${wrong.dataset.item} 的得分须在 0 到 ${+wrong.dataset.max} 之间。` : verdict ? '' : '请选择合格或不合格。';
    if (open || wrong) points(open || wrong).focus();
    if ($('#refused').textContent) return;
    const scores = items.map(one => ({item: one.dataset.item, score: score(one) === null ? null : String(score(one))}));
    const answer = await ask('PUT', given.address, {verdict, scores});
    if (!answer.ok) { $('#refused').textContent = answer.refusal; return; }
    localStorage.removeItem(given.draft);
    location.assign(given.next ? `${given.back}/${encodeURIComponent(given.next)}` : given.back);
  }

  document.addEventListener('click', event => {
    const pressed = event.target.closest('button'), one = pressed?.closest('[data-item]');
    if (!one || !pressed.dataset.level) return;
    none(one).checked = false;
    points(one).value = Math.round(pressed.dataset.level * one.dataset.max * 10000) / 10000;
    keep();
  });
  document.addEventListener('input', event => { if (event.target.closest('#blind')) keep(); });
  document.addEventListener('submit', event => { if (event.target.id === 'blind') { event.preventDefault(); handIn(); } });
  document.addEventListener('keydown', event => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.('input, textarea, select, audio, button, a')) return;
    const act = {' ': () => window.hjSound?.toggle(), ArrowLeft: () => window.hjSound?.skip(-5),
      ArrowRight: () => window.hjSound?.skip(5)}[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  function begin() {
    if (!$('#blind') || !$('#said')) return requestAnimationFrame(begin);
    items = [...document.querySelectorAll('[data-item]')];
    restore();
    paint();
    document.body.dataset.calibration = 'ready';
  }
  begin();
})();
