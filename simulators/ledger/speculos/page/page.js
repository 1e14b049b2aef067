/** The page of the emulated Ledger: its screen and what moves it, what goes over the cable, what is broken. */

const element = (id) => document.getElementById(id);
const screen = element('screen');
const shown = 400;

async function ask(path, body, method = body === undefined ? 'GET' : 'POST') {
  const response = await fetch(path, { method, body: body === undefined ? null : JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? answer.message);
  return answer;
}

/** Does things one after another, in the order they were asked for, and shows what goes wrong. */
let last = Promise.resolve();
function act(deed) {
  last = last.then(deed).then(
    () => {
      element('trouble').textContent = '';
    },
    (error) => {
      element('trouble').textContent = error.message;
    },
  );
  return last;
}

// The screen. Many lines come at once: it is fetched once for all of them.

let due = false;
function redraw() {
  if (due) return;
  due = true;
  setTimeout(async () => {
    due = false;
    const { events } = await ask('/events?currentscreenonly=true');
    const text = events.map((event) => event.text).join('\n');
    element('text').textContent = text;
    screen.alt = text;
    screen.src = `/screenshot?${Date.now()}`;
  }, 15);
}

const models = { '128x64': 'Nano', '400x672': 'Stax', '480x600': 'Flex' };
const hints = {
  nano: 'Keys: ← and → are the buttons, Enter is both.',
  touch: 'Click to tap; keep the mouse button down to hold.',
};
function showModel() {
  const { naturalWidth: width, naturalHeight: height } = screen;
  const kind = width > 128 ? 'touch' : 'nano';
  document.body.className = kind;
  element('model').textContent = `Emulated ${models[`${width}x${height}`] ?? 'device'}`;
  element('hint').textContent = hints[kind];
}
screen.addEventListener('load', showModel);
if (screen.complete && screen.naturalWidth > 0) showModel();

redraw();
const events = new EventSource('/events?stream=true');
events.addEventListener('open', redraw);
events.addEventListener('message', redraw);

// Buttons and finger: down is a press and up a release, wherever the pointer is by then.

const move = (path, action, place = {}) => act(() => ask(path, { ...place, action }));

function button(name, action) {
  const keys = document.querySelectorAll(`[data-button=${name}]`);
  for (const key of keys) key.classList.toggle('down', action === 'press');
  return move(`/button/${name}`, action);
}

for (const key of document.querySelectorAll('[data-button]')) {
  const name = key.dataset.button;
  key.addEventListener('pointerdown', (event) => {
    key.setPointerCapture(event.pointerId);
    button(name, 'press');
    for (const end of ['pointerup', 'pointercancel']) key.addEventListener(end, release);
    function release() {
      for (const end of ['pointerup', 'pointercancel']) key.removeEventListener(end, release);
      button(name, 'release');
    }
  });
  // By the keyboard or a screen reader: no pointer was down.
  key.addEventListener('click', (event) => {
    if (event.detail === 0) button(name, 'press-and-release');
  });
}

const keyboard = { ArrowLeft: 'left', ArrowRight: 'right', Enter: 'both' };
for (const [kind, action] of [
  ['keydown', 'press'],
  ['keyup', 'release'],
]) {
  addEventListener(kind, (event) => {
    const name = keyboard[event.key];
    if (name === undefined || event.repeat || document.body.className !== 'nano') return;
    // Lists scroll and fields move by these keys, and Enter is a button's own.
    if (event.target.closest(name === 'both' ? 'input, select, button' : 'input, select, ol, pre') !== null) return;
    event.preventDefault();
    button(name, action);
  });
}

/** Where on the device's screen, in its pixels. */
function place({ clientX, clientY }) {
  const { left, top, width, height } = screen.getBoundingClientRect();
  const scaled = (at, size, pixels) => Math.min(pixels - 1, Math.max(0, Math.floor((at / size) * pixels)));
  return {
    x: scaled(clientX - left, width, screen.naturalWidth),
    y: scaled(clientY - top, height, screen.naturalHeight),
  };
}

screen.addEventListener('pointerdown', (event) => {
  if (document.body.className !== 'touch') return;
  event.preventDefault();
  screen.setPointerCapture(event.pointerId);
  move('/finger', 'press', place(event));
  for (const end of ['pointerup', 'pointercancel']) screen.addEventListener(end, release);
  function release(up) {
    for (const end of ['pointerup', 'pointercancel']) screen.removeEventListener(end, release);
    move('/finger', 'release', place(up));
  }
});

// What goes over the cable.

const log = element('log');
let count = 0;

function part(tag, className, text) {
  const child = document.createElement(tag);
  child.className = className;
  child.textContent = text;
  return child;
}

function add({ at, from, data }) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  const row = part('li', from, '');
  const time = new Date(at).toTimeString().slice(0, 8);
  row.append(part('time', '', time), part('span', 'way', from === 'host' ? '→' : '←'));
  const bytes = document.createElement('span');
  if (from === 'host') bytes.textContent = data;
  else {
    const word = data.slice(-4);
    bytes.append(`${data.slice(0, -4)} `, part('b', word === '9000' || word === 'e000' ? 'good' : 'bad', word));
  }
  row.append(bytes);
  log.append(row);
  if (log.childElementCount > shown) log.firstElementChild.remove();
  if (from === 'host') count++;
  element('count').textContent = count === 0 ? '' : String(count);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function empty() {
  count = 0;
  log.replaceChildren();
  element('count').textContent = '';
}

const cable = new EventSource('/log?stream=true');
cable.addEventListener('open', async () => {
  const past = await ask('/log');
  empty();
  for (const crossing of past.log.slice(-shown)) add(crossing);
});
cable.addEventListener('message', ({ data }) => add(JSON.parse(data)));
element('forget').addEventListener('click', () => act(() => ask('/log', undefined, 'DELETE').then(empty)));

// Faults.

const kind = element('kind');
const value = element('value');

function showField() {
  const { field = '', default: standard = '' } = kind.selectedOptions[0].dataset;
  element('field').hidden = field === '';
  element('field').firstElementChild.textContent = field;
  value.value = standard;
}
kind.addEventListener('change', showField);
showField();

async function listFaults() {
  const { plugged, faults } = await ask('/faults');
  const words = faults.map(({ kind: name, ...rest }) => [name, ...describe(rest)].join(' '));
  if (!plugged && !words.includes('unplug now')) words.push('unplugged');
  element('faults').replaceChildren(...words.map((word) => part('li', '', word)));
}

const describe = (fields) =>
  Object.values(fields).flatMap((field) =>
    typeof field === 'object'
      ? Object.entries(field).map(([key, at]) => (key === 'at' ? at : `${key} ${at}`))
      : [field],
  );

function chosen() {
  const { field } = kind.selectedOptions[0].dataset;
  const text = value.value.trim();
  if (field === undefined) return { kind: kind.value };
  if (field === 'at' && /^\d+$/.test(text)) return { kind: kind.value, after: Number(text) };
  return { kind: kind.value, [field]: field === 'ms' ? Number(text) : text };
}

element('break').addEventListener('click', () => act(() => ask('/faults', chosen()).then(listFaults)));
element('mend').addEventListener('click', () => act(() => ask('/faults', undefined, 'DELETE').then(listFaults)));
act(listFaults);
