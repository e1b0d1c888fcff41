// Takes over a fresh copy of the page every 30 s, says how old what is shown is, and when the plugin can't be reached.
const REFRESH_MS = 30_000;
const RETRY_MS = 5_000;
const TIMEOUT_MS = 10_000;

const age = document.getElementById('age');
const connection = document.getElementById('connection');
let live = document.getElementById('live');
// Ages are counted by the plugin's own clock as of the copy, plus the time since then: ours may be set otherwise.
let copiedAt = performance.now();
let dueAt = copiedAt + REFRESH_MS;
let asking = false;

function formatAge(ageMs) {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function tick() {
  const sinceCopy = performance.now() - copiedAt;
  const now = Date.parse(live.dataset.now) + sinceCopy;
  age.textContent = `data is ${formatAge(sinceCopy)} old`;
  age.classList.toggle('old', sinceCopy > 2 * REFRESH_MS);
  for (const time of live.querySelectorAll('time[data-age]')) {
    time.textContent = formatAge(now - Date.parse(time.dateTime));
  }
  if (!asking && !document.hidden && performance.now() >= dueAt) void refresh();
}

function reasonOf(error) {
  if (error.name === 'TimeoutError') return 'The plugin does not answer';
  return error instanceof TypeError ? 'The plugin is not reached' : error.message;
}

async function refresh() {
  asking = true;
  const askedAt = performance.now();
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 401) throw new Error('The plugin asks for a token');
    if (!response.ok) throw new Error(`The plugin answered with status ${response.status}`);
    const copy = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live');
    if (copy === null) throw new Error('Something else answered in place of the plugin');
    live.replaceWith(copy);
    live = copy;
    copiedAt = askedAt;
    connection.hidden = true;
    dueAt = askedAt + REFRESH_MS;
  } catch (error) {
    const shownAt = new Date(Date.parse(live.dataset.now)).toLocaleTimeString();
    connection.textContent = `${reasonOf(error)}. You see what was known at ${shownAt}; trying again every 5 s.`;
    connection.hidden = false;
    dueAt = performance.now() + RETRY_MS;
  } finally {
    asking = false;
    tick();
  }
}

document.addEventListener('visibilitychange', tick);
setInterval(tick, 1000);
tick();
