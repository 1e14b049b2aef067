/** The sample exchange's page: what it shows of an account, and what its owner does. approval.js does the approving. */

import { addressOf, approve, createPasskey, inBaseUnits, inUnits, Problem, readIntent, timeOf } from './approval.js';

const element = (id) => document.getElementById(id);
/** The sample has no login: whoever opens the page is whom it says. */
const account = new URLSearchParams(location.search).get('account') ?? 'alice';
/** What the exchange said last. */
let known;

async function ask(route, body) {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify({ account, ...body }) };
  let response;
  try {
    response = await fetch(`/api/${route}`, request);
  } catch {
    throw new Problem('', 'The exchange can’t be reached. Nothing is known of what you just did: reload, and look.');
  }
  const answer = await response.json();
  if (!response.ok) throw new Problem(answer.reason, answer.message);
  return answer;
}

// Elements are made of text: nothing that the exchange says becomes HTML.

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function tell(place, text, tone = '') {
  place.textContent = text;
  place.className = tone;
}

/** The reason's tag, and the sentence about this case. */
function complain(place, problem) {
  const { reason = '', message } = problem;
  place.replaceChildren(...(reason === '' ? [] : [make('code', {}, reason), ' ']), message);
  place.className = 'trouble';
}

/** Runs what a button is for, once at a time. */
function when(button, event, run) {
  button.addEventListener(event, async (happened) => {
    happened.preventDefault();
    const pressed = happened.submitter ?? button;
    pressed.disabled = true;
    try {
      await run();
    } catch (problem) {
      complain(element('status'), problem);
    } finally {
      pressed.disabled = false;
    }
    await refresh().catch((problem) => complain(element('status'), problem));
  });
}

// The account.

const states = {
  announcing: 'waits for its notice to be delivered',
  pending: 'ripens',
  ripe: 'ripe',
  cancelled: 'cancelled',
  removed: 'removed',
  held: 'waits for the station’s operators',
  authorized: 'approved',
  committed: 'before the Ledger',
  signed: 'signed',
  refused: 'refused by the operators',
  expired: 'expired',
  voided: 'voided',
};

function stateOf({ state, notBefore }) {
  const until = notBefore === null || notBefore === undefined ? '' : `, not before ${timeOf(notBefore)}`;
  return make('span', { className: `state ${state}` }, `${states[state] ?? state}${until}`);
}

function fill(id, items) {
  const list = element(id);
  // A list that has not changed is left alone, and with it whoever is reading it or stands on one of its buttons.
  const next = make('ul', {}, ...items);
  if (next.textContent === list.textContent && next.childElementCount === list.childElementCount) return;
  list.replaceChildren(...next.childNodes);
}

function gone({ state }) {
  return state === 'cancelled' || state === 'removed';
}

const briefly = {
  device: 'On one device',
  synced: 'Synced between devices',
  hardware: 'Attested security key',
  totp: 'One-time codes',
};

function factorEntry(factor) {
  const name = make('span', { className: 'name' }, briefly[factor.class] ?? factor.class);
  const id = make('code', { title: factor.id }, `${factor.id.slice(0, 10)}…`);
  return make('li', {}, name, ...dropButton('Revoke', 'revoke-factor', factor), id, stateOf(factor));
}

function destinationEntry(entry) {
  const name = make('span', { className: 'name' }, entry.label || 'without a name');
  const address = make('code', {}, addressOf(entry.destination));
  return make('li', {}, name, ...dropButton('Remove', 'remove-destination', entry), address, stateOf(entry));
}

function dropButton(says, route, entry) {
  if (gone(entry)) return [];
  const button = make('button', { type: 'button', className: 'quiet' }, says);
  button.setAttribute('aria-label', `${says} ${entry.label ?? entry.class ?? ''} ${entry.id.slice(0, 10)}`);
  when(button, 'click', async () => {
    if (!confirm(`${says} it? That takes effect at once; to have it again takes a day.`)) return;
    await ask(route, { id: entry.id });
    tell(element('status'), `${says}d, at once.`);
  });
  return [button];
}

function withdrawalEntry({ id, asset, amount, destination, state, operatorsNeeded, transaction }) {
  const { symbol, decimals } = known.assets[asset];
  const name = make('span', { className: 'name' }, `${inUnits(amount, decimals)} ${symbol}`);
  const item = make('li', {}, name, make('code', {}, addressOf(destination)), stateOf({ state }));
  if (state === 'held')
    item.append(make('span', { className: 'hint' }, `${operatorsNeeded} operators approve it, or refuse.`));
  if (state === 'authorized') {
    const button = make('button', { type: 'button', className: 'quiet' }, 'Have it signed');
    when(button, 'click', () => ask('sign-withdrawal', { id }));
    item.append(button);
  }
  if (transaction !== null) {
    item.append(
      make('span', { className: 'hint' }, `Transaction ${transaction.state}`, make('code', {}, transaction.id)),
    );
    if (transaction.blockedBy !== '')
      item.append(make('span', { className: 'hint' }, make('code', {}, transaction.blockedBy)));
    if (transaction.signed !== '') {
      const bytes = make('code', {}, `0x${transaction.signed}`);
      item.append(make('details', {}, make('summary', {}, 'Signed bytes, for the exchange to broadcast'), bytes));
    }
  }
  return item;
}

function messageEntry({ id, text, at, objectable }) {
  const item = make('li', {}, make('time', { dateTime: at, className: 'hint' }, timeOf(at)), make('p', {}, text));
  if (!objectable) return item;
  const button = make('button', { type: 'button', className: 'quiet' }, 'This wasn’t me');
  when(button, 'click', async () => {
    if (
      !confirm(
        'Object? What still waits is cancelled, and your account is frozen until the station’s operators thaw it.',
      )
    )
      return;
    const { cancelled } = await ask('object', { id });
    tell(
      element('status'),
      `Your account is frozen. Cancelled: ${cancelled.join(', ') || 'nothing, as nothing waited'}.`,
    );
  });
  item.append(button);
  return item;
}

async function refresh() {
  known = await ask('account', {});
  element('whose').textContent = `of ${account}`;
  tell(element('now'), timeOf(known.now));
  element('ledger').href = known.ledger;
  fill('factors', known.factors.map(factorEntry));
  fill('destinations', known.destinations.map(destinationEntry));
  fill('withdrawals', known.withdrawals.map(withdrawalEntry));
  fill('inbox', known.inbox.map(messageEntry));
  const listed = known.destinations.filter((entry) => !gone(entry));
  const chosen = element('to').value;
  const options = listed.map(({ destination, label, state }) =>
    make(
      'option',
      { value: destination },
      `${label || 'without a name'} · ${addressOf(destination)}${state === 'ripe' ? '' : ' (ripens)'}`,
    ),
  );
  fill('to', options.length === 0 ? [make('option', { value: '' }, 'List an address first')] : options);
  if (listed.some(({ destination }) => destination === chosen)) element('to').value = chosen;
}

// The review: what is approved, in words, before the passkey is asked.

const review = element('review');

/**
 * Shows an intent, and has it approved where its owner says so.
 * @param prepared what the station prepared: the intent's bytes, its digest, and what would refuse it now
 * @param expected members that must say what its owner asked for: a station that prepared something else is not believed
 * @param submit sends the passkey's answer; with `firstPasskey` there is none that could attest, and it is undefined
 * @returns what `submit` returned; undefined where its owner went back
 */
async function reviewed(prepared, { expected, submit, firstPasskey = false }) {
  const intent = await readIntent(prepared.intent, known.assets);
  for (const [member, value] of Object.entries(expected)) {
    if (intent.fields[member] !== value) {
      throw new Problem(
        '',
        `You asked for ${member} ${value}, and got ${intent.fields[member]} to approve. Nothing was signed.`,
      );
    }
  }
  const { wouldRefuse, warnings = [], evidenceWanted = '', operatorsNeeded = 0 } = prepared;
  const refused = wouldRefuse.length > 0;
  element('review-title').textContent = refused ? 'This can’t be approved now' : intent.title;
  element('sentence').replaceChildren(
    ...intent.sentence.map((part) => (Array.isArray(part) ? make('strong', {}, ...part) : part)),
  );
  element('fields').replaceChildren(
    ...intent.rows.flatMap(({ label, value }) => [make('dt', {}, label), make('dd', {}, value)]),
  );
  element('digest').textContent = [...intent.digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  element('canonical').textContent = intent.canonical;
  element('reasons').hidden = !refused;
  element('signs').hidden = refused;
  element('reasons')
    .querySelector('ul')
    .replaceChildren(
      ...wouldRefuse.map(({ reason, message }) => make('li', {}, make('code', {}, reason), ' ', message)),
    );
  element('warnings').hidden = warnings.length === 0;
  element('warnings').replaceChildren(...warnings.map((text) => make('li', {}, text)));
  const people = operatorsNeeded === 0 ? '' : ` Then ${operatorsNeeded} of the station’s operators look at it.`;
  element('wanted').textContent = evidenceWanted === '' ? people : `The station wants ${evidenceWanted}.${people}`;
  const [button, cancel, trouble] = ['approve', 'cancel', 'trouble'].map(element);
  tell(trouble, '');
  button.textContent = firstPasskey ? 'Enrol this passkey' : intent.action;
  button.hidden = refused;
  review.showModal();
  // Not the button: what is approved is read first, and no stray key approves.
  element('review-title').focus({ preventScroll: true });
  return new Promise((done, failed) => {
    // Ends the listeners, and a prompt that still waits.
    const stop = new AbortController();
    const { signal } = stop;
    // From here there is no way back: the exchange may have it.
    let sending = false;
    const finish = (settle) => {
      stop.abort();
      review.close();
      settle();
    };
    const back = () => {
      if (!sending) finish(() => done(undefined));
    };
    const allow = () => {
      button.disabled = sending;
      cancel.disabled = sending;
    };
    allow();
    cancel.addEventListener('click', back, { signal });
    review.addEventListener('close', back, { signal });
    button.addEventListener(
      'click',
      async () => {
        button.disabled = true;
        tell(trouble, firstPasskey ? '' : 'Waiting for your passkey.');
        try {
          const assertion = firstPasskey ? '' : JSON.stringify(await approve(intent, { ...prepared, signal }));
          if (signal.aborted) return;
          sending = true;
          allow();
          tell(trouble, 'One moment.');
          const result = await submit({ intent: intent.canonical, assertion });
          finish(() => done(result));
        } catch (problem) {
          if (signal.aborted) return;
          sending = false;
          allow();
          if (!review.open) return finish(() => failed(problem));
          complain(trouble, problem);
          button.focus();
        }
      },
      { signal },
    );
  });
}

// What the account's owner does.

when(element('enrol'), 'click', async () => {
  const { creationOptions } = await ask('begin-enrolment', {});
  const registration = JSON.stringify(await createPasskey(JSON.parse(creationOptions)));
  const attestedBy = known.factors.find(({ state }) => state === 'ripe')?.id ?? '';
  const prepared = await ask('prepare-factor', { registration, attestedBy });
  const added = await reviewed(prepared, {
    expected: { account, credential: JSON.parse(registration).id, attested_by: attestedBy },
    submit: (approval) => ask('add-factor', { registration, ...approval }),
    firstPasskey: attestedBy === '',
  });
  tell(element('status'), added === undefined ? 'Nothing was enrolled.' : 'Enrolled. It can approve once it is ripe.');
});

when(element('list'), 'submit', async () => {
  const destination = `${known.chain}:${element('address').value.trim()}`;
  const label = element('label').value.trim();
  const prepared = await ask('prepare-destination', { destination, label });
  const added = await reviewed(prepared, {
    expected: { account, destination, label },
    submit: (approval) => ask('add-destination', approval),
  });
  if (added !== undefined) element('list').reset();
  tell(element('status'), added === undefined ? 'Nothing was listed.' : 'Listed. It can be paid once it is ripe.');
});

when(element('withdraw'), 'submit', async () => {
  const [asset, { decimals }] = Object.entries(known.assets)[0];
  const amount = inBaseUnits(element('amount').value, decimals);
  const maxFee = inBaseUnits(element('fee').value, decimals);
  const destination = element('to').value;
  const prepared = await ask('prepare-withdrawal', { asset, amount, destination, maxFee });
  const withdrawal = await reviewed(prepared, {
    expected: { account, asset, amount, destination, max_fee: maxFee },
    submit: (approval) => ask('authorize-withdrawal', approval),
  });
  if (withdrawal === undefined) return tell(element('status'), 'Nothing was withdrawn.');
  const held = withdrawal.state === 'held';
  tell(
    element('status'),
    held ? 'Approved by you; the station’s operators look at it.' : 'Approved. It goes to the Ledger.',
  );
  if (!held) await ask('sign-withdrawal', { id: withdrawal.id });
});

when(element('pass'), 'click', async () => {
  const { now } = await ask('let-a-day-pass', {});
  tell(element('status'), `A day passed on the emulated station: it is ${timeOf(now)}.`);
});

// A Ledger and its person take their time.
setInterval(() => {
  if (known?.withdrawals.some(({ state }) => state === 'committed' || state === 'held')) refresh().catch(() => {});
}, 1000);

if (window.PublicKeyCredential === undefined) {
  complain(
    element('status'),
    new Problem('', 'This browser has no passkeys (WebAuthn). Open the page in another one.'),
  );
} else {
  refresh().catch((problem) => complain(element('status'), problem));
}
