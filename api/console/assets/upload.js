// Sends recordings in pieces that survive a lost connection or a closed tab (tus 1.0), then follows the inspection.
(() => {
  const PIECE = 4 * 1024 * 1024, PAUSES = [1, 2, 5, 10, 20, 30];
  const wait = seconds => new Promise(done => setTimeout(done, seconds * 1000));
  const encode = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const key = file => `huijian.upload.${file.name}.${file.size}.${file.lastModified}`;

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

  async function send(file, facts, headers, tell) {
    let [address, offset, words] = await begin(file, facts, headers);
    for (let failures = 0; offset < file.size || words['Upload-Metadata'];) {
      tell(offset / file.size, failures ? '网络不稳，正在续传…' : '正在上传');
      try {
        const answer = await fetch(address, {method: 'PATCH', body: file.slice(offset, offset + PIECE),
          headers: {...headers, ...words, 'Upload-Offset': offset, 'Content-Type': 'application/offset+octet-stream'}});
        if (answer.ok) { offset = Number(answer.headers.get('Upload-Offset')); failures = 0; words = {}; continue; }
        if (answer.status < 500) {
          const head = answer.status === 409 ? await fetch(address, {method: 'HEAD', headers}) : null;
          const reached = head?.ok ? Number(head.headers.get('Upload-Offset')) : offset;
          if (reached !== offset) { offset = reached; continue; }
          throw await refused(answer);
        }
      } catch (error) { if (error.final) throw error; }
      if (failures >= 20) throw new Error('网络一直不通：已传的部分会保留，稍后再次选择同一文件即可续传。');
      await wait(PAUSES[Math.min(failures++, PAUSES.length - 1)]);
      try {
        const head = await fetch(address, {method: 'HEAD', headers});
        if (head.ok) offset = Number(head.headers.get('Upload-Offset'));
      } catch { /* still offline: the next round asks again */ }
    }
    tell(1, '正在检查文件');
    const answer = await fetch(address, {headers});
    if (!answer.ok) throw await refused(answer);
    localStorage.removeItem(key(file));
    return (await answer.json()).answer;
  }

  const STAGES = {probe: '检查录音', transcribe: '转写', read: '阅读分析', score: '评分', publish: '发布结论'};
  function follow(job, meeting, row) {
    const events = new EventSource(`/api/v1/jobs/${job}/events`);
    events.addEventListener('progress', event => {
      const now = JSON.parse(event.data);
      const stage = STAGES[now.stage] || '排队等候';
      if (now.state === 'done') { row.done(`/console/meetings/${encodeURIComponent(meeting)}`); events.close(); return; }
      if (now.state === 'failed' || now.state === 'cancelled') { row.fail(now.error || '质检没有完成。'); events.close(); return; }
      row.tell(now.progress, now.error ? `${stage}：${now.error}` : `质检中：${stage}`);
    });
  }

  function rowFor(list, name) {
    const item = document.createElement('li'), title = document.createElement('strong');
    const words = document.createElement('span'), bar = document.createElement('progress');
    title.textContent = name; words.setAttribute('role', 'status'); bar.max = 1; bar.setAttribute('aria-label', `${name} 的进度`);
    item.append(title, bar, words); list.append(item);
    return {
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
  window.hjUpload = async (facts, csrf) => {
    const list = document.getElementById('uploads'), headers = {'X-CSRF-Token': csrf, 'Tus-Resumable': '1.0.0'};
    const chosen = ordered(document.getElementById('files').files);
    let meeting = facts.meeting;
    for (const [index, file] of chosen.entries()) {
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
        if (error.expired) window.hjSignIn();
        return;
      }
    }
  };
})();
