// Records a meeting in the browser. Every few seconds of sound are kept on this device until the service has
// taken them (tus 1.0, of a length that is told at the end), so that a lost network or a closed tab loses nothing.
// Needs upload.js, and the HTML that recorder.py writes.
(() => {
  const SECONDS = 3, PIECE = 4 * 1024 * 1024, QUIET = 0.004, QUIET_SECONDS = 15;
  const TYPES = {'audio/webm;codecs=opus': 'webm', 'audio/mp4': 'm4a', 'audio/ogg;codecs=opus': 'ogg'};
  const {encode, follow, pauses, refused, rowFor, wait} = window.hjUploading;
  const $ = name => document.getElementById(`recorder-${name}`);
  let given, database, headers, recorder, stream, awake, heard, current, wake = () => {};

  // ---------------------------------------------------------------- what is kept on the device
  const opened = () => new Promise((done, failed) => {
    const request = indexedDB.open('huijian-recordings', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('recordings', {keyPath: 'id'});
      request.result.createObjectStore('chunks', {keyPath: ['recording', 'start']});
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const within = (stores, work) => new Promise((done, failed) => {
    const change = database.transaction(stores, 'readwrite');
    const answer = work(...stores.map(name => change.objectStore(name)));
    change.oncomplete = () => done(answer?.result);
    change.onabort = change.onerror = () => failed(change.error);
  });
  const chunksOf = one => IDBKeyRange.bound([one.id, 0], [one.id, Infinity]);
  const save = one => within(['recordings'], store => store.put(one));
  const known = new Map();  // one object for each recording: what is written of it while it is being sent, sending sees
  async function kept() {
    const rows = await within(['recordings'], store => store.getAll());
    for (const row of rows) if (!known.has(row.id)) known.set(row.id, row);
    const all = rows.map(row => known.get(row.id));
    return all.filter(one => one.owner === given.owner).sort((a, b) => a.begun.localeCompare(b.begun));
  }

  // ---------------------------------------------------------------- recording
  let writing = Promise.resolve();
  function add(one, blob) {
    if (!blob.size) return;
    writing = writing.then(async () => {
      await within(['recordings', 'chunks'], (recordings, chunks) => {
        chunks.put({recording: one.id, start: one.size, blob});
        one.size += blob.size;
        one.seconds = clock.now();
        recordings.put(one);
      });
      wake();
    }).catch(() => say('本机空间不足，录音可能存不下：请尽快结束并清理空间。', true));
  }

  const clock = {
    before: 0, since: null,
    now() { return this.before + (this.since === null ? 0 : (performance.now() - this.since) / 1000); },
    start() { this.since = performance.now(); },
    stop() { this.before = this.now(); this.since = null; },
  };

  // By the clock on the wall of the meeting, 20261108T093000, whatever the zone of the device.
  const named = moment => moment.toLocaleString('sv-SE', {timeZone: 'Asia/Shanghai'}).replace(/[-:]/g, '').replace(' ', 'T');

  async function start() {
    const before = document.getElementById('recorder').dataset.state;
    show('starting');  // nothing can be finished while the browser asks whether the microphone may be used
    try {
      stream = await navigator.mediaDevices.getUserMedia(
        {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: true}});
    } catch (error) {
      say(error.name === 'NotFoundError' ? '没有找到麦克风：请接好麦克风后重试。'
        : '没有得到麦克风的使用许可：请在浏览器的地址栏旁允许后重试。', true);
      show(before);
      return;
    }
    const type = Object.keys(TYPES).find(one => MediaRecorder.isTypeSupported(one));
    const begun = new Date();
    const one = {id: `${begun.getTime()}`, owner: given.owner, meeting: given.meeting, begun: begun.toISOString(),
      name: `现场录音-${named(begun)}.${TYPES[type]}`,
      address: null, sent: 0, size: 0, seconds: 0, ended: false, done: false, last: false};
    try { await save(one); } catch {
      stream.getTracks().forEach(track => track.stop());
      say('本机空间不足，录不了音：请清理空间后重试。', true);
      show(before);
      return;
    }
    known.set(one.id, one);
    current = one;
    document.body.classList.add('recording');
    window.socket?.disconnect();  // or the page would load itself anew after a lost network, and end the recording
    recorder = new MediaRecorder(stream, {mimeType: type, audioBitsPerSecond: 48000});
    recorder.ondataavailable = event => add(one, event.data);
    recorder.onstop = () => { writing = writing.then(() => ended(one)); };
    stream.getAudioTracks()[0].onended = () => { say('麦克风断开了：已录的部分都在，接好后可接着录。', true); stop(false); };
    recorder.start(SECONDS * 1000);
    clock.before = 0;
    clock.start();
    listen();
    awake = await navigator.wakeLock?.request('screen').catch(() => null);
    show('recording');
    pump();
  }

  async function ended(one) {
    one.ended = true;
    one.seconds = clock.now();
    await save(one);
    wake();
  }

  function stop(last) {
    if (!current) return;
    clock.stop();
    current.last = last;
    if (recorder.state !== 'inactive') recorder.stop();
    stream.getTracks().forEach(track => track.stop());
    heard?.close();
    awake?.release();
    current = null;
    document.body.classList.remove('recording');
    show(last ? 'finished' : 'broken');
  }

  function turn() {
    if (recorder.state === 'recording') { recorder.pause(); clock.stop(); show('paused'); }
    else { recorder.resume(); clock.start(); show('recording'); }
  }

  // A wrong tap in the middle of a meeting ends nothing: the second one within a few seconds does.
  let sure = null;
  async function finish(button) {
    if (sure === null) {
      button.textContent = '再点一次，结束并质检';
      sure = setTimeout(() => { sure = null; button.textContent = '结束并质检'; }, 5000);
      return;
    }
    clearTimeout(sure);
    sure = null;
    button.textContent = '结束并质检';
    if (current) { stop(true); return; }
    const ours = (await kept()).filter(one => one.meeting === given.meeting);
    const one = ours[ours.length - 1];
    if (one) { one.last = true; await save(one); }
    show('finished');
    pump();
  }

  function listen() {
    heard = new AudioContext();
    const look = heard.createAnalyser(), values = new Float32Array(1024);
    heard.createMediaStreamSource(stream).connect(look);
    let quiet = 0;
    const timer = setInterval(() => {
      if (!current) { clearInterval(timer); return; }
      look.getFloatTimeDomainData(values);
      const loud = Math.sqrt(values.reduce((sum, one) => sum + one * one, 0) / values.length);
      $('level').value = Math.min(1, loud * 6);
      $('clock').textContent = told(clock.now());
      quiet = loud < QUIET && recorder.state === 'recording' ? quiet + 0.25 : 0;
      $('quiet').hidden = quiet < QUIET_SECONDS;
    }, 250);
  }

  const told = seconds => {
    const whole = Math.floor(seconds), two = number => String(number).padStart(2, '0');
    return (whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}` : Math.floor(whole / 60))
      + ':' + two(whole % 60);
  };

  // ---------------------------------------------------------------- sending
  function stopped(error) {
    say(error.message, true);
    if (error.expired && !current) window.hjSignIn();  // what is being recorded goes on first
  }

  let pumping = false, again = false;
  async function pump() {
    if (pumping) { again = true; return; }
    pumping = true;
    try {
      do { again = false; for (const one of await kept()) await send(one); } while (again);
    } finally { pumping = false; }
  }

  async function send(one) {
    for (let failures = 0; !one.done;) {
      try {
        const how = await step(one);
        failures = 0;
        tell();
        if (how === 'idle') await new Promise(done => { wake = done; });
      } catch (error) {
        if (error.final) { stopped(error); return; }
        tell('网络不通，录音都存在本机，恢复后接着传。');
        await wait(pauses[Math.min(failures++, pauses.length - 1)]);
        await agree(one).catch(() => {});
      }
    }
    if (one.last) await inspect(one.meeting);
  }

  const fetched = (address, options) => fetch(address, {...options, headers: {...headers, ...options.headers}});

  // One exchange with the service: "idle" when everything recorded so far is there.
  async function step(one) {
    if (!one.address) {
      const facts = {filename: one.name, meeting: one.meeting, started_at: one.begun, inspect: 'false'};
      const metadata = Object.entries(facts).map(([name, value]) => `${name} ${encode(value)}`).join(',');
      const answer = await fetched('/api/v1/uploads', {method: 'POST', headers: {'Upload-Defer-Length': '1', 'Upload-Metadata': metadata}});
      if (!answer.ok) throw await refused(answer);
      one.address = answer.headers.get('Location');
      await save(one);
    }
    const waiting = await within(['chunks'], store => store.getAll(chunksOf(one), 200));
    const pieces = [];
    let taken = 0;
    for (const chunk of waiting) {
      if (chunk.start + chunk.blob.size <= one.sent) continue;
      if (taken >= PIECE) break;
      pieces.push(chunk.blob.slice(Math.max(0, one.sent - chunk.start)));
      taken += pieces[pieces.length - 1].size;
    }
    const all = one.ended && one.sent + taken === one.size;
    if (!taken && !all) return 'idle';
    if (all && !one.size) { await forget(one); return 'done'; }
    const answer = await fetched(one.address, {method: 'PATCH', body: new Blob(pieces), headers: {
      'Upload-Offset': one.sent, 'Content-Type': 'application/offset+octet-stream', ...(all && {'Upload-Length': one.size})}});
    if (answer.status === 409) { await agree(one); return 'more'; }
    if (!answer.ok) throw await refused(answer);
    await reached(one, Number(answer.headers.get('Upload-Offset')), all);
    return 'more';
  }

  // What the service says it has is what it has: an answer may have been lost on the way.
  async function agree(one) {
    if (!one.address) return;
    const answer = await fetched(one.address, {method: 'HEAD'});
    if (answer.status === 404) throw await refused(answer);
    if (!answer.ok) return;
    const whole = answer.headers.get('Upload-Length') === answer.headers.get('Upload-Offset');
    await reached(one, whole ? one.size : Number(answer.headers.get('Upload-Offset')), whole && one.ended);
  }

  async function reached(one, offset, done) {
    const chunks = await within(['chunks'], store => store.getAll(chunksOf(one)));
    one.sent = offset;
    one.done = done;
    await within(['recordings', 'chunks'], (recordings, store) => {
      for (const chunk of chunks) if (chunk.start + chunk.blob.size <= offset) store.delete([one.id, chunk.start]);
      recordings.put(one);
    });
  }

  const forget = one => within(['recordings', 'chunks'], (recordings, chunks) => {
    one.done = true;
    recordings.delete(one.id);
    chunks.delete(chunksOf(one));
  });

  async function inspect(meeting) {
    for (let failures = 0; ; failures++) {
      try {
        const answer = await fetched('/api/v1/jobs', {method: 'POST', body: JSON.stringify({meeting}), headers: {'Content-Type': 'application/json'}});
        if (!answer.ok) throw await refused(answer);
        const job = await answer.json();
        for (const one of await kept()) if (one.meeting === meeting) await forget(one);
        tell();
        follow(job.code, meeting, rowFor($('uploads'), '质检'));
        return;
      } catch (error) {
        if (error.final) { stopped(error); return; }
        await wait(pauses[Math.min(failures, pauses.length - 1)]);
      }
    }
  }

  // ---------------------------------------------------------------- what is shown
  const WORDS = {idle: '尚未开始', starting: '正在打开麦克风', recording: '正在录音', paused: '已暂停', broken: '上次的录音中断了，已录的部分都在',
    finished: '录音已结束，传完后自动开始质检', elsewhere: '另一个页面正在录音：请回到那个页面，或先关闭它'};
  const BUTTONS = {idle: ['start'], starting: [], recording: ['turn', 'finish'], paused: ['turn', 'finish'], broken: ['start', 'finish'],
    finished: [], elsewhere: []};

  function show(state) {
    const box = document.getElementById('recorder');
    box.dataset.state = state;
    $('words').textContent = WORDS[state];
    for (const button of box.querySelectorAll('button')) button.hidden = !BUTTONS[state].includes(button.dataset.do);
    box.querySelector('[data-do=start]').textContent = state === 'broken' ? '接着录（作为下一段）' : '开始录音';
    box.querySelector('[data-do=turn]').textContent = state === 'paused' ? '继续' : '暂停';
  }

  function say(sentence, bad = false) {
    $('said').textContent = sentence;
    $('said').className = bad ? 'negative' : '';
  }

  const megabytes = bytes => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  async function tell(trouble = '') {
    const all = await kept();
    const ours = all.filter(one => one.meeting === given.meeting), others = all.filter(one => one.meeting !== given.meeting && !one.done);
    const size = ours.reduce((sum, one) => sum + one.size, 0), sent = ours.reduce((sum, one) => sum + one.sent, 0);
    $('sent').textContent = size ? `已录 ${megabytes(size)}，已上传 ${megabytes(sent)}，待传 ${megabytes(size - sent)}。` : '';
    if (others.length) $('sent').textContent += `另有 ${others.length} 段其他会议的录音正在续传。`;
    $('trouble').textContent = trouble;
    if (!current && ours.length) $('clock').textContent = told(ours.reduce((sum, one) => sum + one.seconds, 0));
  }

  async function begin() {
    const box = document.getElementById('recorder');
    given = {meeting: box.dataset.meeting, owner: box.dataset.owner};
    headers = {'X-CSRF-Token': box.dataset.csrf, 'Tus-Resumable': '1.0.0'};
    if (!window.isSecureContext || !navigator.mediaDevices || !window.MediaRecorder) {
      say('这个浏览器不能在此录音：请用 https 打开并使用新版浏览器，或用手机录好后在“上传”页上传。', true);
      return;
    }
    database = await opened();
    for (const [name, act] of Object.entries({start, turn, finish})) {
      const button = box.querySelector(`[data-do=${name}]`);
      button.addEventListener('click', () => act(button));
    }
    window.addEventListener('beforeunload', event => { if (current) event.preventDefault(); });
    document.addEventListener('visibilitychange', () => { if (document.hidden && recorder?.state === 'recording') recorder.requestData(); });
    navigator.storage?.persist?.();
    const left = await kept();
    for (const one of left) if (!one.ended) { one.ended = true; await save(one); }
    const ours = left.filter(one => one.meeting === given.meeting);
    show(!ours.length ? 'idle' : ours.some(one => one.last) ? 'finished' : 'broken');
    await tell();
    document.body.dataset.recorder = 'ready';
    if (left.length) pump();
  }

  // One page of this browser records and sends at a time.
  function whenThere() {
    if (!document.getElementById('recorder')) { setTimeout(whenThere, 50); return; }
    if (!navigator.locks) { begin(); return; }
    navigator.locks.request('huijian-recorder', {ifAvailable: true}, lock => {
      if (!lock) { show('elsewhere'); return null; }
      begin();
      return new Promise(() => {});
    });
  }
  whenThere();
})();
