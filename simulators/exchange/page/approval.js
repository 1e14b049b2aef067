/**
 * What an approvals page does with an intent: reads it strictly, says it in words, has a passkey sign it. Start from here.
 *
 * A passkey's own prompt shows no amount, so this page is what the customer knows. It trusts no summary of the payment: what it
 * shows and what it has signed come from the same bytes, whose SHA-256 it computes itself, and an intent with a member that it has
 * no words for is not shown at all.
 */

/** A problem with a name: the station's reason (docs/reasons.md), or the browser's DOMException. */
export class Problem extends Error {
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

// Bytes. The two sides of WebAuthn's JSON are base64url (WebAuthn L3 §5.1.8).

const toBase64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

// Words. `assets` says, by CAIP-19 id, how a coin is written: { symbol, decimals }.

/** Base units as a decimal number, exactly: 1500000000000000000 of 18 decimals is 1.5. */
export function inUnits(baseUnits, decimals) {
  const digits = baseUnits.padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 || fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A decimal number as base units, exactly; throws where it is no such number. */
export function inBaseUnits(amount, decimals) {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(amount.trim()) ?? [];
  if (whole === undefined || fraction.length > decimals) {
    throw new Problem('', `“${amount}” is no amount: write digits, with at most ${decimals} after a point.`);
  }
  return (whole + fraction.padEnd(decimals, '0')).replace(/^0+(?=\d)/, '');
}

function amountOf(baseUnits, asset, assets) {
  const known = assets[asset];
  return known === undefined ? `${baseUnits} base units` : `${inUnits(baseUnits, known.decimals)} ${known.symbol}`;
}

/** CAIP-2, as the first part of CAIP-10 and CAIP-19. */
const chainOf = (id) => /^[^:/]+:[^:/]+/.exec(id)[0];
/** Ether of the asset's chain (SLIP-44 number 60): what fees are paid in. */
const feeAsset = (asset) => `${chainOf(asset)}/slip44:60`;
/** The part of a CAIP-10 id that the customer knows as an address. */
export const addressOf = (account) => account.slice(chainOf(account).length + 1);

const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
export const timeOf = (instant) => `${format.format(new Date(instant))} UTC`;

const shared = {
  account: ['Account', (of) => of.account],
  station: ['Station', (of) => `${of.station}: no other one can use this approval`],
  issued: ['Asked at', (of) => timeOf(of.issued)],
  expires: ['Approve before', (of) => timeOf(of.expires)],
  ticket: ['Ticket', (of) => `${of.ticket}: the station’s mark that it prepared this itself`],
  type: ['Kind', (of) => of.type],
};

/** By the intent's type: a heading, a sentence (parts in a list are emphasised), and words for each of its members. */
const kinds = {
  'portcullis/withdrawal/v1': {
    title: 'Approve this withdrawal',
    action: 'Approve with your passkey',
    sentence: (of, assets) => ['Pay ', [amountOf(of.amount, of.asset, assets)], ' to ', [addressOf(of.destination)]],
    members: {
      amount: ['Amount', (of, assets) => `${amountOf(of.amount, of.asset, assets)} (${of.amount} base units)`],
      asset: ['Coin', (of, assets) => `${assets[of.asset]?.symbol ?? 'unknown to this page'} (${of.asset})`],
      destination: ['To', (of) => `${addressOf(of.destination)} on ${chainOf(of.destination)}`],
      max_fee: ['Network fee', (of, assets) => `at most ${amountOf(of.max_fee, feeAsset(of.asset), assets)}, on top`],
      pay_by: ['Payable until', (of) => timeOf(of.pay_by)],
      withdrawal: ['Withdrawal', (of) => `${of.withdrawal}: paid once, however often this is sent`],
      ...shared,
    },
  },
  'portcullis/destination/v1': {
    title: 'Approve this address',
    action: 'Approve with your passkey',
    sentence: (of) => ['Let payments go to ', [addressOf(of.destination)], ', once it has ripened.'],
    members: {
      destination: ['Address', (of) => `${addressOf(of.destination)} on ${chainOf(of.destination)}`],
      label: ['Your name for it', (of) => of.label || 'none'],
      entry: ['Entry', (of) => of.entry],
      ...shared,
    },
  },
  'portcullis/factor/v1': {
    title: 'Approve this passkey',
    action: 'Approve with your passkey',
    sentence: (of) => [
      'Let a new ',
      [classes[of.class] ?? of.class],
      ' approve payments of account ',
      [of.account],
      ', once it has ripened.',
    ],
    members: {
      class: ['Class', (of) => `${of.class}: ${classes[of.class] ?? 'unknown to this page'}`],
      kind: ['Kind of factor', (of) => of.kind],
      credential: ['Passkey', (of) => of.credential],
      key: ['Its public key', (of) => `SHA-256 ${of.key}`],
      attested_by: [
        'Attested by',
        (of) => of.attested_by || 'none: the account’s first, which the exchange vouches for',
      ],
      ...shared,
    },
  },
};

/** What a factor's class means, in words. */
const classes = {
  device: 'passkey that stays on one device',
  synced: 'passkey that is synced between devices',
  hardware: 'security key of an attested model',
  totp: 'one-time code app',
};

/**
 * Reads an intent's canonical JSON (RFC 8785). Throws `Problem` for anything that these words don't cover whole: an unknown kind,
 * an unknown, missing or repeated member, or another spelling of the same.
 * @returns {{ canonical, digest: Uint8Array, fields, title, action, sentence, rows }}
 */
export async function readIntent(canonical, assets) {
  const fields = JSON.parse(canonical);
  const kind = Object.hasOwn(kinds, fields.type) ? kinds[fields.type] : undefined;
  if (kind === undefined)
    throw new Problem('', 'This page has no words for what it was given to show. Nothing was signed.');
  const names = Object.keys(kind.members).sort();
  const same = JSON.stringify(Object.fromEntries(names.map((name) => [name, fields[name]]))) === canonical;
  if (!same || names.some((name) => typeof fields[name] !== 'string')) {
    throw new Problem('', 'What this page was given to show has parts that it has no words for. Nothing was signed.');
  }
  return {
    canonical,
    // WebAuthn L3 §5.8.1: the challenge. Computed here, over what is shown, whatever anyone says that it is.
    digest: new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonical))),
    fields,
    title: kind.title,
    action: kind.action,
    sentence: kind.sentence(fields, assets),
    rows: Object.entries(kind.members).map(([name, [label, words]]) => ({ name, label, value: words(fields, assets) })),
  };
}

/**
 * The customer's passkey signs the intent's digest. Returns AuthenticationResponseJSON; throws `Problem`.
 * @param signal ends the prompt, where its owner went back
 */
export async function approve({ digest }, { rpId, credentialIds, signal }) {
  const options = {
    challenge: toBase64url(digest),
    rpId,
    allowCredentials: credentialIds.map((id) => ({ type: 'public-key', id })),
    userVerification: 'required',
  };
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: digest,
    allowCredentials: options.allowCredentials.map(({ type, id }) => ({ type, id: fromBase64url(id) })),
  };
  const credential = await ceremony(() => navigator.credentials.get({ publicKey, signal }));
  return asJson(credential, ['authenticatorData', 'clientDataJSON', 'signature']);
}

/** Makes a passkey. `options`: PublicKeyCredentialCreationOptionsJSON. Returns RegistrationResponseJSON; throws `Problem`. */
export async function createPasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(({ type, id }) => ({ type, id: fromBase64url(id) })),
  };
  const credential = await ceremony(() => navigator.credentials.create({ publicKey }));
  return asJson(credential, ['attestationObject', 'clientDataJSON']);
}

async function ceremony(run) {
  try {
    return await run();
  } catch (error) {
    throw new Problem(error.name, failures[error.name] ?? error.message);
  }
}

/** Browsers say little on purpose, so that a page can't learn which passkeys there are (WebAuthn L3 §14.5). */
const failures = {
  NotAllowedError:
    'Your passkey did not approve: the prompt was cancelled, ran out of time, or your device did not recognise you.',
  InvalidStateError: 'This device has a passkey for your account already.',
  SecurityError:
    'Passkeys of your account do not work on this page. Check the address in your browser before anything else.',
  NotSupportedError: 'This device can’t make the kind of passkey that is wanted.',
};

/** PublicKeyCredential.toJSON(), and the same by hand where the browser has none. */
function asJson(credential, members) {
  if (typeof credential.toJSON === 'function') return credential.toJSON();
  const response = Object.fromEntries(members.map((name) => [name, toBase64url(credential.response[name])]));
  const id = toBase64url(credential.rawId);
  return {
    id,
    rawId: id,
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}
