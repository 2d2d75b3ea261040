// Asking the API with the page's token, and telling in passing how it went. Points as every screen writes them
// (points() of qa_pipeline/values/written.py): one decimal at most, rounded down, so that 59.99 never reads as 60.
window.hjPoints = score => String(Math.floor(score * 10 + 1e-6) / 10);
window.hjAsking = (csrf, place) => {
  async function ask(method, path, body, headers = {}) {
    try {
      const answer = await fetch('/api/v1/' + path, {
        method, credentials: 'same-origin', body: body && JSON.stringify(body),
        headers: {'X-CSRF-Token': csrf, ...(body && {'Content-Type': 'application/json'}), ...headers},
      });
      if (answer.status === 401) {
        window.hjSignIn();
        return {ok: false, status: 401, body: null, refusal: '登录已过期，请重新登录。'};
      }
      const text = await answer.text(), found = text ? JSON.parse(text) : null;
      return {ok: answer.ok, status: answer.status, body: found, tag: answer.headers.get('ETag'),
        refusal: answer.ok ? '' : found?.detail || '没有做成：请稍后重试。'};
    } catch {
      return {ok: false, status: 0, body: null, refusal: '没有连上服务：请检查网络后重试。'};
    }
  }

  let fading;
  function say(sentence, bad = false) {
    const box = place();
    box.textContent = sentence;
    box.className = bad ? 'shown bad' : 'shown';
    clearTimeout(fading);
    fading = setTimeout(() => { box.className = ''; }, bad ? 9000 : 4000);
  }

  return {ask, say};
};
