// Shows the console in English: what english.json knows, wherever it stands whole; anything else stays as written.
// In its keys {n} stands for figures and {} for any words, which are themselves put into English where known.
(async () => {
  const words = await (await fetch(document.currentScript.src.replace(/\.js$/, '.json'))).json();
  const ATTRIBUTES = ['aria-label', 'title', 'placeholder', 'data-label', 'data-border'];
  const LEFT_ALONE = '.cm-editor, .transcript, .quote, pre, textarea, script, style';
  const CHINESE = /[\u4e00-\u9fff]/, HOLE = /\{n?\}/g, LONGEST = 300;
  const MARKS = [['；', '; '], ['：', ': '], ['，', ', '], ['、', ', '], [' ', ' ']];
  const near = shapes(Object.keys(words).filter(key => key.includes('{')));
  const seen = new Map();

  // A character -> the shapes to try where it stands: each stands under its rarest one, the wordiest come first.
  function shapes(keys) {
    const literal = key => key.replace(HOLE, '').replace(/ /g, ''), often = new Map(), found = new Map();
    for (const key of keys) for (const one of new Set(literal(key))) often.set(one, (often.get(one) ?? 0) + 1);
    keys.sort((a, b) => literal(b).length - literal(a).length).forEach((key, rank) => {
      const kinds = key.match(HOLE);
      const parts = key.split(HOLE).map(part => part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&'));
      const hole = n => kinds[n - 1] === '{n}' ? '([\\d.,:/%+−– -]+)' : n === 1 && !parts[0] ? '([^·。；]+?)' : '(.+?)';
      const shape = new RegExp(`^${parts.reduce((all, part, n) => all + hole(n) + part)}$`);
      const rarest = [...literal(key)].reduce((a, b) => often.get(b) < often.get(a) ? b : a);
      if (!found.has(rarest)) found.set(rarest, []);
      found.get(rarest).push({rank, told: words[key], kinds, shape, short: literal(key).length < 3});
    });
    return found;
  }

  function english(said) {
    if (Object.hasOwn(words, said)) return words[said];
    if (said.length > LONGEST || !CHINESE.test(said)) return null;
    if (!seen.has(said)) seen.set(said, shaped(said) ?? pieces(said) ?? stopped(said));
    return seen.get(said);
  }

  // Reasons are joined of sentences that keep their full stop or lose it.
  function stopped(said) {
    const ends = said.endsWith('。'), other = ends ? said.slice(0, -1) : `${said}。`;
    const told = words[other] ?? shaped(other);
    return told && (ends ? `${told}.` : told.replace(/\.$/, ''));
  }

  const known = said => english(said) ?? (CHINESE.test(said) ? null : said);

  function shaped(said, {ofName = false} = {}) {
    if (!CHINESE.test(said)) return null;
    const tried = [...new Set(said)].flatMap(one => near.get(one) ?? []).sort((a, b) => a.rank - b.rank);
    for (const {told, kinds, shape, short} of tried) {
      const found = said.match(shape)?.slice(1);
      if (!found || short && !ofName && found.some(one => known(one) === null)) continue;  // met by chance
      const given = {'{n}': [], '{}': []};
      kinds.forEach((kind, n) => given[kind].push(english(found[n]) ?? found[n]));
      return told.replace(HOLE, kind => given[kind].shift());
    }
    return null;
  }

  // Facts beside each other, where any of them is known; sentences, words in a row or in brackets: where all are.
  function pieces(said) {
    if (said.includes(' · ')) {
      const told = said.split(' · ').map(piece => english(piece) ?? piece).join(' · ');
      return told === said ? null : told;
    }
    const whole = (parts, between) =>
      parts.length > 1 && parts.every(part => known(part) !== null) ? parts.map(known).join(between) : null;
    const sentences = whole(said.match(/[^。]+。?/g) ?? [], ' ');
    if (sentences !== null) return sentences;
    const brackets = said.match(/^(.+)（(.+)）$/), inside = brackets && whole(brackets.slice(1), ' (');
    if (inside) return `${inside})`;
    for (const [mark, ours] of MARKS) {
      const told = whole(said.split(mark), ours);
      if (told !== null) return told;
    }
    return null;
  }

  // Reasons that stand in one text: each that is known, whatever the others are.
  function apart(said) {
    const parts = said.match(/[^。；]+[。；]?/g) ?? [], semicolon = part => part.endsWith('；');
    const told = parts.map(part => english(semicolon(part) ? part.slice(0, -1) : part));
    if (told.every(one => one === null)) return null;
    return told.map((one, n) => one === null ? parts[n] : `${one}${semicolon(parts[n]) ? '; ' : ' '}`).join('').trim();
  }

  // The name of a row's button: its word or figure, and the row that it is for.
  function led(said) {
    const [, word, row] = said.match(/^(\S+) (.+)$/) ?? [];
    const told = row && (words[word] ?? (/^[\d.,%+−-]+$/.test(word) ? word : null));
    return told && (told !== word || english(row)) ? `${told} ${english(row) ?? row}` : null;
  }

  function text(node) {
    const said = node.nodeValue.trim();
    if (!said || node.parentElement?.closest(LEFT_ALONE)) return;
    const told = english(said) ?? apart(said);
    if (told !== null && told !== said) node.nodeValue = node.nodeValue.replace(said, () => told);
  }

  function named(element) {
    for (const name of ATTRIBUTES) {
      const said = element.getAttribute(name) ?? '';
      const told = Object.hasOwn(words, said) ? words[said] : shaped(said, {ofName: true}) ?? led(said) ?? english(said);
      if (told !== null && told !== said) element.setAttribute(name, told);
    }
  }

  function all(root) {
    if (root.nodeType === Node.TEXT_NODE) { text(root); return; }
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    named(root);
    root.querySelectorAll(ATTRIBUTES.map(name => `[${name}]`).join()).forEach(named);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) text(walker.currentNode);
  }

  for (const name of ['fillText', 'measureText']) {  // what the charts draw
    const drawn = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (said, ...place) {
      return drawn.call(this, english(`${said}`) ?? said, ...place);
    };
  }

  const page = document.documentElement;
  const inEnglish = () => { if (page.lang !== 'en') page.lang = 'en'; };
  inEnglish();  // Quasar sets its own once it begins
  document.title = pieces(document.title) ?? document.title;
  new MutationObserver(changes => {
    for (const change of changes) {
      if (change.type === 'characterData') text(change.target);
      else if (change.type === 'attributes') { named(change.target); inEnglish(); }
      else change.addedNodes.forEach(all);
    }
  }).observe(page, {subtree: true, childList: true, characterData: true, attributeFilter: [...ATTRIBUTES, 'lang']});
  all(page);
})();
