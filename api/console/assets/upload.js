// Sends recordings in pieces that survive a lost connection or a closed tab (tus 1.0), then follows the inspection.
(() => {
  const LEAST = 256 * 1024, MOST = 16 * LEAST, PAUSES = [1, 2, 5, 10, 20, 30], TRIES = 20;
  const wait = seconds => new Promise(done => setTimeout(done, seconds * 1000));
  const encode = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  // What is kept to go on with outlives the sign-out, and a name of a file may be one of people: a print of it only.
  const print = text => [...text].reduce((sum, one) => Math.imul(sum ^ one.codePointAt(0), 0x01000193) >>> 0, 0x811c9dc5);
  const key = file => `upload ${print(file.name)} ${file.size} ${file.lastModified}`;

  async function refusal(answer) {
    if (answer.status === 401) return '登录已过期，请重新登录：传过的部分都在，登录后接着传。';
    try { return (await answer.json()).detail; } catch { return `服务没有接受（${answer.status}），请稍后重试。`; }
  }

  const refused = async answer =>
    Object.assign(new Error(await refusal(answer)), {final: answer.status < 500, expired: answer.status === 401});

  // Where the file is sent to, how far it is, and what is to be said of the meeting with its next piece: it may be
  // that only this was missing.
  async function begin(file, facts, headers) {
    const metadata = Object.entries({filename: file.name, ...facts}).filter(([, value]) => value !== '' && value != null)
      .map(([name, value]) => `${name} ${encode(String(value))}`).join(',');
    const kept = localStorage.getItem(key(file));
    if (kept) {
      const answer = await fetch(kept, {method: 'HEAD', headers});
      if (answer.ok) return [kept, Number(answer.headers.get('Upload-Offset')), {'Upload-Metadata': metadata}];
      if (answer.status !== 404) throw await refused(answer);
      localStorage.removeItem(key(file));
    }
    const answer = await fetch('/api/v1/uploads', {method: 'POST', headers: {...headers, 'Upload-Length': file.size, 'Upload-Metadata': metadata}});
    if (!answer.ok) throw await refused(answer);
    const address = answer.headers.get('Location');
    localStorage.setItem(key(file), address);
    return [address, 0, {}];
  }

  // What gets no answer, or a broken one, is tried again; `attempt` is told how often it has failed.
  async function patient(attempt, tell) {
    for (let failures = 0; ; failures++) {
      try { return await attempt(failures); } catch (error) {
        if (error.final) throw error;
        const answered = error.final === false;
        if (failures >= TRIES) throw answered ? error
          : new Error('网络一直不通：已传的部分会保留，稍后再次选择同一文件即可续传。');
        tell(answered ? error.message : '网络不稳，正在续传…');
        await wait(PAUSES[Math.min(failures, PAUSES.length - 1)]);
      }
    }
  }

  async function reached(address, headers) {
    const answer = await fetch(address, {method: 'HEAD', headers});
    return answer.ok ? Number(answer.headers.get('Upload-Offset')) : null;
  }

  async function send(file, facts, headers, tell) {
    let offset = 0, piece = LEAST;
    const trouble = text => tell(offset / file.size, text);
    let [address, start, words] = await patient(() => begin(file, facts, headers), trouble);
    offset = start;
    while (offset < file.size || words['Upload-Metadata']) await patient(async failures => {
      if (failures) offset = await reached(address, headers) ?? offset;
      else tell(offset / file.size, '正在上传');
      const began = performance.now();
      const answer = await fetch(address, {method: 'PATCH', body: file.slice(offset, offset + piece),
        headers: {...headers, ...words, 'Upload-Offset': offset, 'Content-Type': 'application/offset+octet-stream'}});
      if (answer.ok) {
        offset = Number(answer.headers.get('Upload-Offset'));
        words = {};
        // Pieces of a second or so: the bar moves on a slow network, and a fast one is not held up.
        const seconds = (performance.now() - began) / 1000;
        piece = seconds < 1 ? Math.min(MOST, piece * 2) : seconds > 3 ? Math.max(LEAST, piece / 2) : piece;
        return;
      }
      const there = answer.status === 409 ? await reached(address, headers) : null;
      if (there === null || there === offset) throw await refused(answer);
      offset = there;
    }, trouble);
    tell(1, '正在检查文件');
    const answer = await patient(async () => {
      const found = await fetch(address, {headers});
      if (!found.ok) throw await refused(found);
      return found;
    }, trouble);
    localStorage.removeItem(key(file));
    return (await answer.json()).answer;
  }

  const STAGES = {probe: '检查录音', transcribe: '转写', read: '理解', score: '评分', publish: '发布'};
  function follow(job, meeting, row) {
    const events = new EventSource(`/api/v1/jobs/${job}/events`);
    events.addEventListener('progress', event => {
      const now = JSON.parse(event.data);
      const stage = STAGES[now.stage] || '排队等候';
      if (now.state === 'done') { row.done(`/console/meetings/${encodeURIComponent(meeting)}`); events.close(); return; }
      if (now.state === 'failed' || now.state === 'cancelled') { row.fail(now.error || '质检没有完成。'); events.close(); return; }
      row.tell(now.progress, now.error ? `${stage}：${now.error}` : `质检中：${stage}`);
    });
    // The browser asks again by itself after a lost network, but not after a proxy that said 502.
    events.addEventListener('error', async () => {
      if (events.readyState !== EventSource.CLOSED) return;
      await wait(5);
      const answer = await fetch(`/api/v1/jobs/${job}`).catch(() => null);
      if (answer?.status === 401) window.hjSignIn();
      else if (!answer || answer.ok || answer.status >= 500) follow(job, meeting, row);
    });
  }

  function rowFor(list, name) {
    const item = document.createElement('li'), title = document.createElement('strong');
    const words = document.createElement('span'), bar = document.createElement('progress');
    title.textContent = name; words.setAttribute('role', 'status'); bar.max = 1; bar.setAttribute('aria-label', `${name} 的进度`);
    item.append(title, bar, words); list.append(item);
    return {
      remove() { item.remove(); },
      named(text) { title.textContent = text; },
      tell(share, text) { bar.value = share; words.textContent = `${text} ${Math.round(share * 100)}%`; },
      fail(text) { bar.remove(); words.textContent = text; item.className = 'failed'; words.setAttribute('role', 'alert'); },
      done(address, text = '结论已出，点此查看') { bar.remove(); const link = document.createElement('a'); link.href = address; link.textContent = text;
        words.replaceChildren(link); item.className = 'done'; },
    };
  }

  window.hjUploading = {encode, follow, pauses: PAUSES, refused, rowFor, wait};

  // The label stands for the browser's own control: it tells what was chosen and takes what is dropped on it.
  const told = input => input.closest('label').querySelector('span').textContent = input.files.length
    ? [...input.files].map(file => file.name).join('、') : '点此选择录音，或拖到这里';
  document.addEventListener('change', event => { if (event.target.id === 'files') told(event.target); });
  document.addEventListener('dragover', event => { if (event.target.closest?.('.drop')) event.preventDefault(); });
  document.addEventListener('drop', event => {
    if (!event.target.closest?.('.drop')) return;
    event.preventDefault();
    const input = document.getElementById('files');
    input.files = event.dataTransfer.files;
    told(input);
  });

  // Parts of one meeting are sent in the order of their names; inspection starts with the last one.
  const ordered = files => [...files].sort((a, b) => a.name.localeCompare(b.name, 'zh', {numeric: true}));
  window.hjChosen = () => ordered(document.getElementById('files').files).map(file => file.name);
  const sending = new Set(), refusedRows = new Map();  // by key of the file
  window.hjUpload = async (facts, csrf) => {
    const list = document.getElementById('uploads'), headers = {'X-CSRF-Token': csrf, 'Tus-Resumable': '1.0.0'};
    const chosen = ordered(document.getElementById('files').files).filter(file => !sending.has(key(file)));
    let meeting = facts.meeting;
    chosen.forEach(file => sending.add(key(file)));
    for (const [index, file] of chosen.entries()) {
      refusedRows.get(key(file))?.remove();
      const row = rowFor(list, file.name), last = index === chosen.length - 1;
      try {
        const answer = await send(file, {...facts, meeting, inspect: last ? 'true' : 'false'}, headers, row.tell);
        meeting = answer.meeting;
        if (answer.parts.length > 1) row.named(`${file.name} · 第 ${answer.received[0]} 段`);
        if (!answer.new) row.done(`/console/meetings/${encodeURIComponent(meeting)}`, '这个录音已经传过，点此看会议');
        else if (answer.job) follow(answer.job.code, meeting, row);
        else if (!last) row.tell(1, '已收到');
        else row.done(`/console/meetings/${encodeURIComponent(meeting)}`);
      } catch (error) {
        row.fail(error.message);
        refusedRows.set(key(file), row);
        if (error.expired) window.hjSignIn();
        for (const left of chosen.slice(index + 1)) {
          refusedRows.get(key(left))?.remove();
          refusedRows.set(key(left), rowFor(list, left.name));
          refusedRows.get(key(left)).fail('还没有上传：前一段没有传成，处理好后再点“开始上传”。');
        }
        break;
      }
    }
    chosen.forEach(file => sending.delete(key(file)));
  };
})();
