// On every screen: what is folded lies open on paper, the fields of a day, a month or a time (when.py) and of an
// institution (where.py), and the way to the sign-in and back where the service no longer knows who asks.
(() => {
  window.hjSignIn = () => location.assign(
    `/console/sign-in?expired=true&next=${encodeURIComponent(location.pathname + location.search)}`);

  addEventListener('beforeprint', () => document.querySelectorAll('details:not([open])').forEach(
    one => { one.open = true; one.dataset.paper = ''; }));
  addEventListener('afterprint', () => document.querySelectorAll('details[data-paper]').forEach(
    one => { one.open = false; delete one.dataset.paper; }));

  const SIZES = {date: [4, 2, 2], month: [4, 2], time: [2, 2]};

  // 2026/11/8, 2026年11月8日 and 20261108 as 2026-11-08; null for what is no such moment.
  function usual(kind, text) {
    const sizes = SIZES[kind], whole = sizes.reduce((sum, size) => sum + size);
    const run = /^\d+$/.test(text) && text.length === whole;
    const found = run ? sizes.map((size, n) => text.substr(sizes.slice(0, n).reduce((a, b) => a + b, 0), size))
      : /[^\d\s年月日时分:：./-]/.test(text) ? [] : text.match(/\d+/g) ?? [];
    if (found.length !== sizes.length) return null;
    if (found.some((each, n) => each.length > sizes[n] || sizes[n] === 4 && each.length < 4)) return null;
    const told = found.map((each, n) => each.padStart(sizes[n], '0')).join(kind === 'time' ? ':' : '-');
    const probe = document.createElement('input');
    probe.type = kind;  // where the browser knows the kind, it empties what is no day of the calendar
    probe.value = told;
    return probe.value || null;
  }

  function put(field, text) {
    field.value = text;
    field.setCustomValidity('');
    field.dispatchEvent(new Event('input', {bubbles: true}));
  }

  document.addEventListener('change', ({target}) => {
    const kind = target.dataset?.when;
    if (!kind) return;
    const said = target.value.trim(), told = said && usual(kind, said);
    if (told === null) target.setCustomValidity(target.title);
    else if (told !== target.value) put(target, told);
    else target.setCustomValidity('');
  }, true);

  document.addEventListener('click', event => {
    const button = event.target.closest?.('.pick');
    if (!button) return;
    document.querySelectorAll('.picker').forEach(one => one.remove());
    const field = button.closest('.when, .q-field').querySelector('[data-when]');
    const picker = document.createElement('input');
    picker.type = field.dataset.when;
    picker.value = usual(picker.type, field.value.trim()) ?? '';
    picker.className = 'picker';
    picker.tabIndex = -1;
    picker.setAttribute('aria-hidden', 'true');
    picker.addEventListener('input', () => put(field, picker.value));
    button.after(picker);
    picker.showPicker();
  });

  // Institutions that fit what is being typed, as the browser proposes them; without them it is typed whole.
  const proposed = Object.assign(document.createElement('datalist'), {id: 'institutions'});
  let asking;

  async function propose(field, said) {
    const query = new URLSearchParams(field.dataset.where);
    query.set('limit', 20);
    if (said) query.set('search', said);
    const answer = await fetch(`/api/v1/institutions?${query}`);
    if (!answer.ok || field.value.trim() !== said) return;
    const {items} = await answer.json();
    proposed.replaceChildren(...items.map(one => new Option('', `${one.name} ${one.code}`)));
    document.body.append(proposed);
    field.setAttribute('list', proposed.id);
  }

  for (const moment of ['focusin', 'input']) {
    document.addEventListener(moment, ({target}) => {
      if (target.dataset?.where === undefined) return;
      const said = target.value.trim(), chosen = moment === 'focusin' && said;
      clearTimeout(asking);
      if (chosen || [...proposed.options].some(one => one.value === said)) return;
      asking = setTimeout(propose, 200, target, said);
    }, true);
  }

  // A browser that has no such calendar shows no button for it: the field is typed into.
  const probe = document.createElement('input');
  for (const kind of Object.keys(SIZES)) {
    probe.type = kind;
    if (probe.type !== kind || !probe.showPicker) document.documentElement.classList.add(`no-${kind}`);
  }
})();
