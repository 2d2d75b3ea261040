// Shows the console in English: what english.json knows, wherever it stands whole; anything else stays as written.
// In its keys {n} stands for figures and {} for any words, which are themselves put into English where known.
(async () => {
  const words = await (await fetch(document.currentScript.src.replace(/\.js$/, '.json'))).json();
  const ATTRIBUTES = ['aria-label', 'title', 'placeholder', 'data-label'];
  const LEFT_ALONE = '.cm-editor, .transcript, pre, textarea, script, style';
  const CHINESE = /[\u4e00-\u9fff]/, LONGEST = 300;
  const shapes = Object.keys(words).filter(key => key.includes('{')).map(key => {
    const kinds = key.match(/\{n?\}/g);
    const parts = key.split(/\{n?\}/).map(part => part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&'));
    const shape = parts.reduce((all, part, n) => all + (kinds[n - 1] === '{n}' ? '([\\d.,:/%– -]+)' : '(.+?)') + part);
    return {english: words[key], kinds, shape: new RegExp(`^${shape}$`)};
  });
  const seen = new Map();

  function english(said) {
    if (Object.hasOwn(words, said)) return words[said];
    if (said.length > LONGEST || !CHINESE.test(said)) return null;
    if (!seen.has(said)) seen.set(said, shaped(said) ?? pieces(said));
    return seen.get(said);
  }

  function shaped(said) {
    for (const {english: sentence, kinds, shape} of shapes) {
      const found = said.match(shape);
      if (!found) continue;
      const given = {'{n}': [], '{}': []};
      kinds.forEach((kind, n) => given[kind].push(english(found[n + 1]) ?? found[n + 1]));
      return sentence.replace(/\{n?\}/g, kind => given[kind].shift());
    }
    return null;
  }

  function pieces(said) {
    if (!said.includes(' · ')) return null;
    return said.split(' · ').map(piece => english(piece) ?? piece).join(' · ');
  }

  function text(node) {
    const said = node.nodeValue.trim();
    if (!said || node.parentElement?.closest(LEFT_ALONE)) return;
    const told = english(said);
    if (told !== null && told !== said) node.nodeValue = node.nodeValue.replace(said, () => told);
  }

  function named(element) {
    for (const name of ATTRIBUTES) {
      const said = element.getAttribute(name) ?? '', told = english(said);
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

  const page = document.documentElement;
  const inEnglish = () => { if (page.lang !== 'en') page.lang = 'en'; };
  inEnglish();  // Quasar sets its own once it begins
  document.title = document.title.replace(/^[^·]+(?= ·)/, said => words[said] ?? said);
  new MutationObserver(changes => {
    for (const change of changes) {
      if (change.type === 'characterData') text(change.target);
      else if (change.type === 'attributes') { named(change.target); inEnglish(); }
      else change.addedNodes.forEach(all);
    }
  }).observe(page, {subtree: true, childList: true, characterData: true, attributeFilter: [...ATTRIBUTES, 'lang']});
  all(page);
})();
