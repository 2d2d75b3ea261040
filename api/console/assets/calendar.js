// Moves an activity to another day: dragged there, or with Alt and an arrow key. Needs asking.js and window.hjCalendar.
(() => {
  const DAY = 86400000, STEPS = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7};
  const FIELDS = ['institution', 'platform', 'office', 'place', 'content', 'audience', 'goal', 'preparation'];
  const FOCUS = 'huijian.calendar.focus';
  const {ask, say} = window.hjAsking(window.hjCalendar.csrf, () => document.getElementById('said'));
  const movable = target => target.closest?.('.event[data-code]');
  const dayOf = moment => new Date(Date.parse(moment) + 8 * 3600000).toISOString().slice(0, 10);
  const later = (day, days) => new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
  let moving = false;

  async function move(code, target) {
    if (moving) return;
    moving = true;
    const there = await ask('GET', `activities/${encodeURIComponent(code)}`), found = there.body;
    if (!there.ok || !found.starts_at) { moving = false; say(there.refusal || '这个活动还没有时间，不能移动。', true); return; }
    const day = typeof target === 'string' ? target : later(dayOf(found.starts_at), target);
    const days = Math.round((Date.parse(day) - Date.parse(dayOf(found.starts_at))) / DAY);
    if (!days) { moving = false; return; }
    const shifted = moment => moment && new Date(Date.parse(moment) + days * DAY).toISOString();
    const body = Object.fromEntries(FIELDS.map(name => [name, found[name]]));
    Object.assign(body, {owner: found.owner?.code ?? null, month: day.slice(0, 7), starts_at: shifted(found.starts_at), ends_at: shifted(found.ends_at)});
    const answer = await ask('PUT', `activities/${encodeURIComponent(code)}`, body, {'If-Match': there.tag});
    moving = false;
    if (!answer.ok) { say(answer.refusal, true); return; }
    sessionStorage.setItem(FOCUS, code);
    location.reload();
  }

  document.addEventListener('dragstart', event => {
    const link = movable(event.target);
    if (!link) return;
    event.dataTransfer.setData('text/huijian-activity', link.dataset.code);
    event.dataTransfer.effectAllowed = 'move';
  });
  document.addEventListener('dragover', event => {
    if (event.target.closest?.('td[data-day]') && event.dataTransfer.types.includes('text/huijian-activity')) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    const cell = event.target.closest?.('td[data-day]'), code = event.dataTransfer.getData('text/huijian-activity');
    if (!cell || !code) return;
    event.preventDefault();
    move(code, cell.dataset.day);
  });
  document.addEventListener('keydown', event => {
    const link = movable(event.target), days = STEPS[event.key];
    if (!link || !event.altKey || !days) return;
    event.preventDefault();
    move(link.dataset.code, days);
  });

  // After a move the same activity has the focus again, and what happened is said.
  function begin() {
    if (!document.querySelector('.month')) { setTimeout(begin, 50); return; }
    const code = sessionStorage.getItem(FOCUS);
    if (!code) return;
    sessionStorage.removeItem(FOCUS);
    const link = document.querySelector(`.event[data-code="${CSS.escape(code)}"]`);
    link?.focus();
    say(`已移到 ${link?.closest('td')?.dataset.day ?? '别的月份'}。`);
  }
  begin();
})();
