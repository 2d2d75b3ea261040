// What this device still holds of recordings that were not sent (see recorder.js), told on the first screen.
(() => {
  const given = window.hjUnfinished;
  const opened = () => new Promise((done, failed) => {
    const request = indexedDB.open('huijian-recordings', 1);
    request.onupgradeneeded = () => request.transaction.abort();  // nobody records here: leave nothing behind
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const all = database => new Promise((done, failed) => {
    const request = database.transaction(['recordings']).objectStore('recordings').getAll();
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

  async function begin() {
    const list = document.getElementById('unfinished-here');
    if (!list) { requestAnimationFrame(begin); return; }
    let kept = [];
    try {
      const database = await opened();
      kept = (await all(database)).filter(one => one.owner === given.owner && !one.done && one.size > one.sent);
      database.close();
    } catch { return; }
    for (const one of kept) {
      const item = document.createElement('li'), link = document.createElement('a');
      link.href = `${given.mount}/record/${encodeURIComponent(one.meeting)}`;
      link.textContent = '接着传 ›';
      const minutes = Math.max(1, Math.round(one.seconds / 60));
      item.append(`这台设备上有会议 ${one.meeting} 的录音约 ${minutes} 分钟没有传完。`, link);
      list.append(item);
    }
    if (kept.length) document.getElementById('unfinished').hidden = false;
  }
  if (window.indexedDB) begin();
})();
