// Shows the console in English: what english.json knows, wherever it stands whole; anything else stays as written.
(async () => {
  const words = await (await fetch(document.currentScript.src.replace(/\.js$/, '.json'))).json();
  const ATTRIBUTES = ['aria-label', 'title', 'placeholder', 'data-label'];
  const LEFT_ALONE = '.cm-editor, .transcript, pre, textarea, script, style';

  function text(node) {
    const said = node.nodeValue.trim();
    if (Object.hasOwn(words, said) && !node.parentElement?.closest(LEFT_ALONE)) {
      node.nodeValue = node.nodeValue.replace(said, words[said]);
    }
  }

  function named(element) {
    for (const name of ATTRIBUTES) {
      const said = element.getAttribute(name);
      if (said !== null && Object.hasOwn(words, said)) element.setAttribute(name, words[said]);
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
  const english = () => { if (page.lang !== 'en') page.lang = 'en'; };
  english();  // Quasar sets its own once it begins
  document.title = document.title.replace(/^[^·]+(?= ·)/, said => words[said] ?? said);
  new MutationObserver(changes => {
    for (const change of changes) {
      if (change.type === 'characterData') text(change.target);
      else if (change.type === 'attributes') { named(change.target); english(); }
      else change.addedNodes.forEach(all);
    }
  }).observe(page, {subtree: true, childList: true, characterData: true, attributeFilter: [...ATTRIBUTES, 'lang']});
  all(page);
})();
