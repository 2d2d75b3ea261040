// The bench: keys, the line that is playing, edits of the transcript, points of the items, the decision.
// Needs window.hjBench (who reviews what), asking.js, sound.js, and the HTML that bench.py writes.
(() => {
  const given = window.hjBench, sound = () => window.hjSound;
  const $ = selector => document.querySelector(selector);
  const all = selector => [...document.querySelectorAll(selector)];
  const {ask, say} = window.hjAsking(given.csrf, () => document.getElementById('said'));
  let lines = [], items = [], line = -1, item = -1, rate = 1, leaving = false;

  function go(path) { leaving = true; location.assign(given.mount + path); }
  const query = extra => '?' + new URLSearchParams({...given.queue, ...extra});

  // ---------------------------------------------------------------- the lines
  const startOf = at => +lines[at].dataset.start;

  function pointAt(wanted, scroll = true) {
    if (!lines[wanted]) return;
    lines[line]?.removeAttribute('aria-current');
    line = wanted;
    lines[line].setAttribute('aria-current', 'true');
    shownActs();
    const box = lines[line].parentElement;
    if (scroll) box.scrollTop = lines[line].offsetTop - box.offsetTop - box.clientHeight / 3;
  }

  function lineAt(seconds) {
    let low = 0, high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (startOf(middle) <= seconds + 0.05) low = middle; else high = middle - 1;
    }
    return low;
  }

  function step(by) {
    pointAt(Math.min(lines.length - 1, Math.max(0, line + by)));
    if (lines[line] && $('#sound')) sound().seek(startOf(line), sound().playing());
  }

  document.addEventListener('timeupdate', () => {
    if (!lines.length || !sound().playing()) return;
    const at = lineAt(sound().now());
    if (at !== line) pointAt(at, $('#follow').checked);
  }, true);

  function faster(by) {
    rate = Math.min(3, Math.max(0.5, rate + by));
    sound().rate(rate);
    $('#rate').textContent = `${rate.toFixed(2).replace(/0$/, '')} 倍速`;
  }

  // ---------------------------------------------------------------- edits of the transcript
  const changes = new Map();  // number of the line -> {text, speaker}
  let borders = null, head = null, full = null;
  const pending = () => changes.size + (borders ? 1 : 0) + relabelled().length;

  // What asks the service goes one after the other: a key pressed before it has answered is not lost, and no
  // version is read while another is being saved.
  let acting = Promise.resolve();
  const inTurn = act => () => {
    const run = () => leaving || act();
    return acting = acting.then(run, run);
  };

  async function read(whole) {
    // What is edited must be what is shown; the text that is not masked is asked for only to edit it.
    if (head && (full || !whole)) return true;
    const answer = await ask('GET', `meetings/${given.meeting}/transcript?full=${whole}`);
    if (!answer.ok) return say(answer.refusal, true);
    if (answer.body.version !== given.text) return stale();
    head = answer.tag;
    if (whole) full = answer.body.utterances.map(one => one.text);
    return true;
  }

  const asked = whole => inTurn(() => read(whole))();
  const stale = () => say('文字稿已被他人改成新版：请刷新后再改，未保存的改动请先另记。', true);

  function shownPending() {
    $('#pending').textContent = pending() ? `未保存 ${pending()} 处` : '';
    for (const name of ['save', 'drop']) $(`[data-do=${name}]`).hidden = !pending();
  }

  // Returns what takes it back.
  function change(at, what) {
    const before = changes.get(at), back = [];
    changes.set(at, {...before, ...what});
    for (const [name, mark, tag] of [['text', 'edited', 'p'], ['speaker', 'renamed', 'span']]) {
      if (!(name in what)) continue;
      const shown = lines[at].querySelector(tag), was = [...shown.childNodes], marked = lines[at].classList.contains(mark);
      back.push(() => { shown.replaceChildren(...was); lines[at].classList.toggle(mark, marked); });
      lines[at].classList.add(mark);
      shown.textContent = what[name];
    }
    return () => {
      before && !settled.has(before) ? changes.set(at, before) : changes.delete(at);
      back.forEach(one => one());
    };
  }

  // ---------------------------------------------------------------- taking back
  let past = [];  // {back, saved}: how each step is taken back; what is saved is a version and no step any more
  const settled = new WeakSet();  // changes and borders that were saved

  function remember(back, {saved = true} = {}) {
    past.push({back, saved});
    shownPast();
  }

  const shownPast = () => { $('[data-do=undo]').hidden = !past.length; };

  function undo() {
    const last = past.pop();
    if (!last) return say('没有可退的一步。');
    last.back();
    shownPast();
    shownActs();
    shownPending();
  }

  const atLine = (at, back) => () => { back(); pointAt(at); };

  const speaker = at => lines[at].querySelector('span').textContent;

  // A form opens at the key itself, whatever has still to be asked: the keys after it are meant for it.
  let keep = () => {};

  async function form(title, fields, keeps, asking) {
    const box = $('#editor');
    sound()?.pause();
    $('#editor-title').textContent = title;
    $('#editor-fields').replaceChildren(...fields);
    keep = keeps;
    box.showModal();
    fields[0].querySelector('textarea, input, select').focus();
    if (!await asking && keep === keeps) box.close();
  }

  function kept() {
    $('#editor').close();
    keep();
    shownPending();
  }

  function field(label, tag, set = {}) {
    const outer = document.createElement('label'), inner = document.createElement(tag);
    Object.assign(inner, set);
    outer.append(...(set.type === 'checkbox' ? [inner, label] : [label, inner]));
    return outer;
  }

  function editText() {
    const at = line, asking = asked(true);
    const text = field('文字', 'textarea', {rows: 4, readOnly: true, placeholder: '正在取原文……'}), box = text.lastChild;
    let was = '';
    const fill = () => { box.value = was = changes.get(at)?.text ?? full[at]; box.readOnly = false; };
    if (full) fill(); else asking.then(known => { if (known) fill(); });
    form(`改第 ${at + 1} 句的文字`, [text], () => {
      const value = box.value.trim();
      if (value && value !== was) remember(atLine(at, change(at, {text: value})));
    }, asking);
  }

  function editSpeaker() {
    const at = line, was = speaker(at);
    const name = field('说话人', 'input', {value: was, maxLength: 64});
    name.lastChild.setAttribute('list', 'speakers');
    const known = document.createElement('datalist');
    known.id = 'speakers';
    known.append(...[...new Set(lines.map((_, n) => speaker(n)))].filter(Boolean).map(one => new Option(one)));
    const everywhere = field(` 全文的“${was}”都改`, 'input', {type: 'checkbox'});
    everywhere.hidden = !was;
    name.append(known);
    form(`改第 ${at + 1} 句的说话人`, [name, everywhere], () => {
      const value = name.querySelector('input').value.trim();
      if (value === was) return;
      const touched = everywhere.firstChild.checked ? lines.map((_, n) => n).filter(n => speaker(n) === was) : [at];
      const back = touched.map(n => change(n, {speaker: value}));
      remember(atLine(at, () => back.forEach(one => one())));
    }, asked(false));
  }

  function draw(at, chapter) {
    if (chapter) Object.assign(lines[at].dataset, {chapter, border: given.chapters[chapter]});
    else { delete lines[at].dataset.chapter; delete lines[at].dataset.border; }
  }

  const readBorders = () => lines.flatMap((one, n) => one.dataset.chapter ? [{first: n, chapter: one.dataset.chapter}] : []);

  function editBorder() {
    const at = line;
    const options = Object.entries(given.chapters).map(([value, word]) => new Option(word, value));
    if (at > 0) options.unshift(new Option('（此处不分章）', ''));
    const choice = field('从这一句起是', 'select');
    choice.lastChild.append(...options);
    choice.lastChild.value = lines[at].dataset.chapter || '';
    form(`第 ${at + 1} 句的章节边界`, [choice], () => {
      const value = choice.lastChild.value;
      const was = lines[at].dataset.chapter || '', drawn = borders;
      if (value === was) return;
      draw(at, value);
      borders = readBorders();
      shownDrawn();
      remember(atLine(at, () => { draw(at, was); borders = drawn && settled.has(drawn) ? null : drawn; shownDrawn(); }));
    }, asked(false));
  }

  // No borders of people: the machine finds them in the next score; until then the present ones are shown.
  function leaveBorders() {
    const drawn = borders;
    borders = [];
    remember(() => { borders = drawn && settled.has(drawn) ? null : drawn; shownDrawn(); });
    shownDrawn();
    shownPending();
    say('人工设定的章节边界将撤回：保存后重新评分，章节由机器重新划分。');
  }

  function shownDrawn() { $('[data-do=unborder]').hidden = !(borders ? borders.length : given.drawn); }

  // ---------------------------------------------------------------- what the lines do
  const labels = new Map();  // number of the line -> its acts, of those that a person went through
  let savedLabels = new Map();
  const same = (some, others) => some?.join() === others?.join();
  const relabelled = () => lines.map((_, n) => n).filter(n => !same(labels.get(n), savedLabels.get(n)));
  const actsOf = at => labels.get(at) ?? given.acts.read[at] ?? [];
  const inOrder = acts => Object.keys(given.acts.names).filter(act => acts.includes(act));
  const sayable = at => given.acts.read[at] || changes.get(at)?.text;

  function paintActs(at) {
    const now = actsOf(at), was = given.acts.read[at] ?? [];
    const shown = lines[at].querySelector('.doing') ?? lines[at].appendChild(document.createElement('small'));
    shown.className = 'doing';
    shown.classList.toggle('by-person', labels.has(at));
    shown.classList.toggle('unsaved', !same(labels.get(at), savedLabels.get(at)));
    shown.replaceChildren(...inOrder([...new Set([...was, ...now])]).map(act => {
      const one = document.createElement(!was.includes(act) ? 'ins' : !now.includes(act) ? 'del' : 'i');
      one.dataset.label = given.acts.names[act];
      return one;
    }));
    if (labels.has(at) && !now.length) shown.appendChild(document.createElement('i')).dataset.label = '无标签';
  }

  function shownActs() {
    if (!$('.bench-acts') || !lines[line]) return;
    const now = actsOf(line), was = given.acts.read[line] ?? [];
    for (const button of all('[data-act]')) {
      const act = button.dataset.act;
      button.setAttribute('aria-pressed', now.includes(act));
      button.classList.toggle('changed', now.includes(act) !== was.includes(act));
    }
    const said = given.acts.read.filter(Boolean).length;
    $('#gone-through').textContent = `标签已核对 ${labels.size} / ${said} 句`;
    $('[data-do=open]').hidden = !labels.has(line);
    if ($('[data-do=rest]')) $('[data-do=rest]').hidden = labels.size >= said;
  }

  function label(at, acts) {
    const put = some => { some ? labels.set(at, some) : labels.delete(at); paintActs(at); };
    if (!sayable(at)) return say('这一句可能凭空生成，不作证据：确有其话时请先改好文字。', true);
    const was = labels.get(at), now = acts && inOrder(acts);
    put(now);
    if (!same(was, now)) remember(atLine(at, () => put(was)));
    shownActs();
    shownPending();
    return true;
  }

  function switchAct(act) {
    const now = actsOf(line);
    label(line, now.includes(act) ? now.filter(one => one !== act) : [...now, act]);
  }

  function rightActs() { if (label(line, actsOf(line))) step(1); }

  function restRight() {
    const open = lines.map((_, n) => n).filter(n => given.acts.read[n] && !labels.has(n));
    const seen = field(` 其余 ${open.length} 句我都看过，标签照现在所示无误`, 'input', {type: 'checkbox'});
    form('其余各句的标签', [seen], () => {
      if (!seen.firstChild.checked) return;
      open.forEach(n => { labels.set(n, actsOf(n)); paintActs(n); });
      remember(() => open.forEach(n => { labels.delete(n); paintActs(n); }));
      shownActs();
    }, asked(false));
  }

  async function save() {
    if (!pending()) return;
    if (borders?.length && borders[0].first !== 0) return say('第一句须属于某一章：请在第一句按 c 选择章节。', true);
    if (!await read(false)) return;
    const body = {changes: [...changes].map(([utterance, what]) => ({utterance, ...what})), note: '复核台修改'};
    if (borders) body.chapters = borders;
    if (relabelled().length) body.acts = [...labels].map(([utterance, acts]) => ({utterance, acts}));
    const sent = new Map(changes), drawn = borders, labelled = new Map(labels), steps = past.filter(one => one.saved);
    past = past.filter(one => !steps.includes(one));  // what is on its way is not taken back
    shownPast();
    const answer = await ask('POST', `meetings/${given.meeting}/transcript/versions`, body, {'If-Match': head});
    if (!answer.ok) {
      past = [...steps, ...past];
      shownPast();
      return answer.status === 412 ? stale() : say(answer.refusal, true);
    }
    given.text = answer.body.version;
    [head, full] = [answer.tag, null];
    // What was changed while the service was answering is not saved yet.
    if (drawn) { settled.add(drawn); given.drawn = drawn.length > 0; }
    if (borders === drawn) borders = null;
    for (const [at, what] of sent) {
      settled.add(what);
      if ('text' in what) given.acts.read[at] ??= [];
      if (changes.get(at) !== what) continue;
      changes.delete(at);
      lines[at].classList.remove('renamed');
      lines[at].querySelector('p').textContent = answer.body.utterances[at].text;
    }
    savedLabels = labelled;
    if (body.acts) lines.forEach((_, n) => paintActs(n));
    shownActs();
    $('#text-version').textContent = `文字稿第 ${given.text} 版`;
    $('[data-do=rescore]').hidden = false;
    shownPending();
    say(`已存为文字稿第 ${given.text} 版；可以按新文字稿重新评分。`);
  }

  function drop() { leaving = true; location.reload(); }

  async function rescore() {
    if (pending()) return say('还有未保存的改动：请先按 w 保存。', true);
    const asked = await ask('POST', 'jobs', {meeting: given.meeting, again_from: 'read'});
    if (!asked.ok) return say(asked.refusal, true);
    say('已排队重新评分，完成后本页会换成新的结论。');
    for (;;) {
      await new Promise(done => setTimeout(done, 2000));
      const job = await ask('GET', `jobs/${asked.body.code}`);
      if (!job.ok) return say(job.refusal, true);
      if (job.body.state === 'done') break;
      if (!['queued', 'running'].includes(job.body.state)) return say(job.body.error || '重新评分没有完成。', true);
    }
    if (given.deciding) {
      await ask('POST', `reviews/${given.review}/release`);
      await ask('POST', 'reviews', {meeting: given.meeting});
    }
    leaving = true;
    location.reload();
  }

  // ---------------------------------------------------------------- the items
  const rows = new Map();  // id -> {score, reason, confirmed}: what the reviewer says of an item

  function select(wanted, open = true, scroll = true) {
    if (!items[wanted]) return;
    items.forEach((one, n) => {
      const shown = n === wanted && open;
      one.classList.toggle('open', shown);
      one.querySelector('.item-head').setAttribute('aria-expanded', shown);
    });
    item = wanted;
    if (scroll) items[item].scrollIntoView({block: 'nearest'});
  }

  const machine = one => one.dataset.score === undefined ? null : +one.dataset.score;
  const changed = one => {
    const score = rows.get(one.dataset.item)?.score;
    return score !== undefined && score !== machine(one);
  };

  function put(one, what, before = rows.get(one.dataset.item)) {
    const id = one.dataset.item, was = rows.get(id);
    rows.set(id, {...before, ...what});
    remember(() => {
      was ? rows.set(id, was) : rows.delete(id);
      keepDraft();
      paint(one);
      select(items.indexOf(one));
    }, {saved: false});
    keepDraft();
    paint(one);
  }

  // What is not handed in yet outlives the tab and a new score: it is kept in this browser, of this account, until
  // it is handed in or the account signs out.
  function keepDraft() {
    const said = items.flatMap(one => {
      const row = rows.get(one.dataset.item);
      return row ? [[one.dataset.item, {...row, machine: machine(one)}]] : [];
    });
    localStorage.setItem(given.draft, JSON.stringify({
      card: given.card, rows: said, verdict: $('[name=verdict]:checked')?.value, reason: $('#reason')?.value}));
  }

  // After a new score an item counts as confirmed only where the machine gives it the same points as before.
  function restoreDraft() {
    const draft = JSON.parse(localStorage.getItem(given.draft) || 'null');
    if (!draft) return;
    let again = 0;
    for (const [id, {machine: was, ...said}] of draft.rows) {
      const one = items.find(each => each.dataset.item === id);
      if (!one) continue;
      const moved = machine(one) !== was;
      if (said.score > +one.dataset.max) delete said.score;
      if (moved && said.confirmed) again += 1;
      rows.set(id, moved ? {...said, confirmed: false} : said);
    }
    $('#reason').value = draft.reason ?? '';
    const verdict = draft.card === given.card && $(`[name=verdict][value="${draft.verdict}"]`);
    if (verdict) verdict.checked = true;
    if (draft.card === given.card || !draft.rows.length) return;
    const told = `已带回您在第 ${draft.card} 版上的确认和改分。`, open = `其中 ${again} 项机器分有变，须重新确认。`;
    say(again ? told + open : told);
  }

  const told = score => score === null ? '—' : window.hjPoints(score);

  function paint(one) {
    const said = rows.get(one.dataset.item) || {}, was = machine(one), now = said.score ?? was;
    one.classList.toggle('confirmed', !!said.confirmed);
    one.classList.toggle('changed', changed(one));
    one.querySelector('.tick').textContent = said.confirmed ? (changed(one) ? 'edit' : 'check') : '';
    one.querySelector('.given').textContent = (changed(one) ? `${told(was)} → ` : '') + told(now);
    one.querySelector('.why').hidden = !changed(one);
    one.querySelector('.why input').value = said.reason || '';
    one.querySelector('.points').value = now === null ? '' : Math.round(now * 100) / 100;
    for (const button of one.querySelectorAll('[data-level]'))
      button.setAttribute('aria-pressed', now !== null && Math.abs(button.dataset.level * one.dataset.max - now) < 0.05);
    $('#confirmed').textContent = `已确认 ${items.filter(i => rows.get(i.dataset.item)?.confirmed).length} / ${items.length} 项`;
    showEnergy();
  }

  function energy() {
    let points = 0, whole = 0;
    for (const one of items) {
      const score = rows.get(one.dataset.item)?.score ?? machine(one);
      if (score !== null) { points += score; whole += +one.dataset.max; }
    }
    return whole ? 100 * points / whole : null;
  }

  function showEnergy() {
    const touched = items.filter(changed).length, now = energy();
    $('#energy').textContent = touched && now !== null ? `改 ${touched} 项后能量值约 ${window.hjPoints(now)}` : '';
  }

  // A verdict that nothing on the screen explains is sent at the second press: the first asks for the reason.
  let insisted = null;

  function unexplained(verdict) {
    const now = energy(), what = `${verdict} ${now}`;
    if (verdict !== 'not_qualified' || given.fails || now === null || now < given.line || insisted === what) return '';
    insisted = what;
    const [score, line] = [now, given.line].map(window.hjPoints);
    return `能量值 ${score} 达到合格线 ${line}，结论却是不合格：请改相应项的分，或在理由里写明不合格在哪里，再提交一次。`;
  }

  function give(one, score) {
    const most = +one.dataset.max;
    put(one, {score: Math.min(most, Math.max(0, Math.round(score * 10000) / 10000)), confirmed: false});
  }

  function giveTyped(one, typed) {
    if (typed >= 0 && typed <= +one.dataset.max) return give(one, +typed);
    paint(one);  // the box shows again what holds
    say(`${typed} 没有记下：这一项的分数在 0 到 ${+one.dataset.max} 之间。`, true);
  }

  function confirm() {
    const one = items[item];
    if (!one || !given.deciding) return;
    if (changed(one) && !rows.get(one.dataset.item)?.reason?.trim()) {
      one.querySelector('.why input').focus();
      return say('改分须写明理由。', true);
    }
    put(one, {confirmed: true});
    const next = items.findIndex((other, n) => n > item && !rows.get(other.dataset.item)?.confirmed);
    if (next >= 0) select(next);
    else { document.activeElement?.blur?.(); $('#decision').scrollIntoView({block: 'nearest'}); }
  }

  async function decide() {
    const refused = $('#refused'), verdict = $('[name=verdict]:checked')?.value, reason = $('#reason').value.trim();
    const touched = items.filter(changed);
    const mute = touched.find(one => !rows.get(one.dataset.item).reason?.trim());
    refused.textContent = !verdict ? '请选择合格或不合格。' : !reason ? '请写明理由。'
      : pending() ? '文字稿还有未保存的改动：请先保存或放弃。' : '';
    if (refused.textContent) return;
    if (mute) {  // far from the button that was pressed: said where it is seen from both
      select(items.indexOf(mute));
      mute.querySelector('.why input').focus();
      return say(`项 ${mute.dataset.item} 改了分，请写明理由。`, true);
    }
    refused.textContent = unexplained(verdict);
    if (refused.textContent) return $('#reason').focus();
    const overrides = touched.map(one => {
      const said = rows.get(one.dataset.item);
      return {item: one.dataset.item, score: String(said.score), reason: said.reason.trim()};
    });
    const confirmed = items.map(one => one.dataset.item).filter(id => rows.get(id)?.confirmed);
    const answer = await ask('POST', `reviews/${given.review}/decide`,
      {verdict, reason, overrides, confirmed, second: $('#second').checked});
    if (!answer.ok) { refused.textContent = answer.refusal; return; }
    localStorage.removeItem(given.draft);
    past = past.filter(one => one.saved);
    shownPast();
    const done = answer.body.state === 'proposed' ? '决定已提交，等第二人意见。' : `决定生效，已作出第 ${answer.body.result_version} 版。`;
    given.deciding = false;
    $('#decision').replaceChildren(done + '按 n 去下一场。');
    for (const one of all('.levels, .why, [data-do=release], .turn > :first-child')) one.remove();
    say(done + '按 n 去下一场。');
  }

  // ---------------------------------------------------------------- taking, releasing, going on
  async function take() {
    const answer = await ask('POST', 'reviews', {meeting: given.meeting});
    answer.ok ? (leaving = true, location.reload()) : say(answer.refusal, true);
  }

  async function release() {
    const answer = await ask('POST', `reviews/${given.review}/release`);
    answer.ok ? go('/reviews' + query()) : say(answer.refusal, true);
  }

  async function next() {
    if (pending()) return say('文字稿还有未保存的改动：请先按 w 保存，或放弃改动。', true);
    const found = await ask('GET', 'reviews/queue' + query({free: true, limit: 10}));
    if (!found.ok) return say(found.refusal, true);
    for (const row of found.body.items.filter(one => one.meeting !== given.meeting)) {
      // Somebody may have taken it a moment ago: then the one behind it.
      const taken = await ask('POST', 'reviews', {meeting: row.meeting});
      if (taken.ok) return go(`/reviews/${encodeURIComponent(row.meeting)}` + query());
      if (taken.status !== 409) return say(taken.refusal, true);
    }
    say('队列里没有其他可以领取的会议了。');
  }

  // ---------------------------------------------------------------- keys and clicks
  const toggleHelp = () => { const box = $('#keys'); box.open ? box.close() : box.showModal(); };
  const editing = edit => () => { if (given.edits && lines[line]) edit(); };
  const level = share => () => { if (given.deciding && items[item]) give(items[item], share * items[item].dataset.max); };
  const acts = {take: inTurn(take), release: inTurn(release), next: inTurn(next), save: inTurn(save),
    slower: () => faster(-0.25), faster: () => faster(0.25),
    right: editing(rightActs), open: editing(() => label(line, null)), rest: editing(restRight),
    text: editing(editText), speaker: editing(editSpeaker), border: editing(editBorder), unborder: editing(leaveBorders),
    decide: inTurn(decide), rescore, drop, undo, help: toggleHelp, again: () => sound()?.seek(startOf(line)),
    close: () => $('#editor').close()};
  const keys = {
    ' ': () => sound()?.toggle(), ArrowLeft: () => sound()?.skip(-5), ArrowRight: () => sound()?.skip(5),
    ',': acts.slower, '.': acts.faster,
    j: () => step(1), k: () => step(-1), ArrowDown: () => select(Math.min(items.length - 1, item + 1)),
    ArrowUp: () => select(Math.max(0, item - 1)), Enter: confirm,
    e: acts.text, s: acts.speaker, c: acts.border, w: acts.save, a: acts.right, A: acts.open,
    ...Object.fromEntries(Object.entries(given.acts.keys).map(([key, act]) => [key, editing(() => switchAct(act))])),
    d: () => $('#reason')?.focus(), t: () => { if ($('[data-do=take]')) acts.take(); }, n: acts.next, '?': toggleHelp,
    ...Object.fromEntries(given.steps.map((share, place) => [String(place + 1), level(share)])),
  };

  document.addEventListener('keydown', event => {
    // A field of a closed form keeps the focus until the browser draws again; keys are not meant for it.
    const target = event.target.closest?.('dialog:not([open])') ? document.body : event.target;
    if (event.isComposing) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      if ($('#editor').open) return kept();
      if (target.closest?.('#decision')) return acts.decide();
    }
    if (event.key === 'Enter' && target.matches?.('.why input')) { event.preventDefault(); target.blur(); return confirm(); }
    const back = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z' && undo;
    if (!back && (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])) return;
    if (/^[A-Z]$/.test(event.key) && !event.shiftKey) return;  // caps lock: meant for the small letter
    if (target.matches?.('input, textarea, select, [contenteditable=true], audio')) return;
    if ($('#editor').open || ($('#keys').open && event.key !== '?')) return;
    if ([' ', 'Enter'].includes(event.key) && target.closest?.('button, a, summary, [role=button]')) return;
    event.preventDefault();
    (back || keys[event.key])();
  });

  document.addEventListener('click', event => {
    const pressed = event.target.closest('button');
    const row = event.target.closest('.line');
    if (row && !pressed) pointAt(lines.indexOf(row), false);
    if (!pressed) return;
    const one = pressed.closest('[data-item]');
    // A button that a mouse pressed must not keep the space bar.
    if (event.detail > 0 && !pressed.closest('dialog')) pressed.blur();
    if (pressed.dataset.at) {
      if (row) pointAt(lines.indexOf(row), false);
    } else if (pressed.dataset.do) acts[pressed.dataset.do]();
    else if (pressed.dataset.act) editing(() => switchAct(pressed.dataset.act))();
    else if (one && pressed.classList.contains('item-head')) {
      select(items.indexOf(one), !one.classList.contains('open'));
    } else if (pressed.dataset.level) give(one, pressed.dataset.level * one.dataset.max);
    else if ('machine' in pressed.dataset) put(one, {}, {});
    else if ('confirm' in pressed.dataset) { select(items.indexOf(one)); confirm(); }
  });

  document.addEventListener('change', event => {
    const one = event.target.closest('[data-item]');
    if (one && event.target.matches('.points') && event.target.value !== '') giveTyped(one, event.target.value);
  });
  document.addEventListener('input', event => {
    const one = event.target.closest('.why')?.closest('[data-item]');
    if (one) rows.set(one.dataset.item, {...rows.get(one.dataset.item), reason: event.target.value});
    if (one || (given.deciding && event.target.closest('#decision'))) keepDraft();
  });
  document.addEventListener('submit', event => {
    if (event.target.id === 'decision') { event.preventDefault(); acts.decide(); }
    if (event.target.closest('#editor')) { event.preventDefault(); kept(); }
  });
  addEventListener('beforeunload', event => { if (pending() && !leaving) event.preventDefault(); });

  function begin() {
    if (!$('.judgements') || !$('#said')) return requestAnimationFrame(begin);
    lines = all('.line');
    items = all('[data-item]');
    if (given.deciding) {
      restoreDraft();
      items.forEach(paint);
    }
    for (const [at, acts] of Object.entries(given.acts.set)) labels.set(+at, acts);
    savedLabels = new Map(labels);
    lines.forEach((_, n) => paintActs(n));
    if (lines.length) pointAt(0, false);
    if (items.length) select(0, given.deciding, false);
    document.body.dataset.bench = 'ready';
  }
  begin();
})();
