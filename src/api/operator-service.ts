import type {
  Custody,
  HeldWithdrawal,
  OperatorsView,
  ReadinessView,
  Replay,
  SignerKey,
  TokenKeyView,
  WalletSignerView,
  WalletView,
} from '../custody/custody.ts';
import { parseFreezeScope } from '../custody/freeze.ts';
import { readWallet } from '../custody/wallet-document.ts';
import {
  day,
  type FreezeRecord,
  importChunkMost,
  type KeyPlace,
  Malformed,
  type OperatorVerb,
  operatorVerbs,
  parseAccountId,
  parseActId,
  parseChainId,
  parseDigest,
  parseTokenId,
  parseTransactionId,
  parseWhy,
  second,
  shown,
  type Wallet,
} from '../domain/index.ts';
import {
  type FreezeState,
  type HeldWithdrawal as HeldMessage,
  OperatorServiceService,
  type OperatorsState,
  type ReadSignerKeyResponse,
  type TokenKey,
  type WalletSigner,
  type WalletState,
} from '../generated/portcullis/v1/operator.ts';
import type { ReplayPolicyResponse } from '../generated/portcullis/v1/policy.ts';
import { actMessage } from './act-message.ts';
import { intentMessage, parseAssertion, ruleMessages } from './evidence.ts';
import { factorMessage } from './factor-service.ts';
import { parseBytes, parseIntentBytes, parseLifetime, parseOptional, parseText } from './fields.ts';
import { operatorRights } from './rights.ts';
import { bind, type Service } from './service.ts';
import { transactionMessage } from './transaction-service.ts';
import { withdrawalMessage } from './withdrawal-service.ts';

/** Documents come as payloads, within what a request may be at all; each effect has its own bound within this one. */
const payloadMost = 512 * 1024;
/** A policy. */
const documentMost = 48 * 1024;
const listMost = 1_000;
const listDefault = 100;

function parseVerb(value: string): OperatorVerb {
  const verb = operatorVerbs.find((known) => known === value);
  if (verb === undefined)
    throw new Malformed('verb', `expected one of ${operatorVerbs.join(', ')}, got ${shown(value)}`);
  return verb;
}

/** As an intent may have it; which one means something is for the act's effect to say. */
function parseSubject(value: string): string {
  return parseText(value, /^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters', 'subject');
}

function parsePayload(value: Uint8Array): Uint8Array {
  return value.length === 0 ? value : parseBytes(value, payloadMost, 'payload');
}

function parseLimit(value: number): number {
  if (value > listMost) throw new Malformed('limit', `must be at most ${listMost}, got ${value}`);
  return value === 0 ? listDefault : value;
}

function freezeMessage({ scope, who, why, since }: FreezeRecord): FreezeState {
  return { scope, who, why, since: new Date(since) };
}

function operatorsMessage({ quorum, recoveryQuorum, people }: OperatorsView): OperatorsState {
  return {
    quorum,
    recoveryQuorum,
    people: people.map(({ name, recovery, suspended }) => ({
      name,
      recovery,
      suspended: suspended !== undefined,
      suspendedBy: suspended?.by ?? '',
      suspendedWhy: suspended?.why ?? '',
      suspendedSince: suspended === undefined ? undefined : new Date(suspended.since),
    })),
  };
}

function heldMessage({ record, needed, act }: HeldWithdrawal): HeldMessage {
  return {
    withdrawal: withdrawalMessage(record),
    heldBy: [...record.heldBy],
    signaturesNeeded: needed,
    approvedBy: [...(act?.operators ?? [])],
    actId: act?.id ?? '',
  };
}

function walletMessage({ id, chain, address, nextNonce, nextChange, readiness, signers }: WalletView): WalletState {
  return {
    wallet: id,
    address,
    ...readinessMessage(readiness),
    nextNonce: BigInt(nextNonce),
    chain,
    nextChange: BigInt(nextChange),
    signers: signers.map(signerMessage),
  };
}

function signerMessage({ signer, readiness, registered }: WalletSignerView): WalletSigner {
  return {
    signer,
    ...readinessMessage(readiness),
    needsRegistration: registered !== undefined,
    registered: registered === true,
  };
}

function readinessMessage(readiness: ReadinessView): { ready: boolean; reason: string; message: string } {
  if (readiness.ready) return { ready: true, reason: '', message: '' };
  return { ready: false, reason: readiness.reason, message: readiness.message };
}

/** One entry of policy's `wallets`: fifteen keys take less than 3 KiB. */
const walletMost = 8 * 1024;

function parseWalletEntry(value: Uint8Array): Wallet {
  return readWallet(parseBytes(value, walletMost, 'wallet'), 'wallet');
}

/** Of the station's config; which ones it names is for custody to say. */
function parseSigner(value: string): string {
  return parseText(value, /^[a-z0-9][a-z0-9-]{0,31}$/, '1 to 32 characters of a-z 0-9 -', 'signer');
}

function parsePath(value: string): string {
  return parseText(value, /^m(?:\/[0-9]{1,10}'?){1,10}$/, "a BIP-32 path such as m/84'/0'/0'", 'path');
}

function parseBranch(value: number): 0 | 1 {
  if (value !== 0 && value !== 1) throw new Malformed('branch', `expected 0 (to receive) or 1 (change), got ${value}`);
  return value;
}

function keyMessage(key: SignerKey): ReadSignerKeyResponse['key'] {
  if (key.kind === 'account') {
    return { $case: 'account', value: { address: key.address, publicKey: key.publicKey } };
  }
  if (key.kind === 'token') return { $case: 'token', value: tokenKeyMessage(key) };
  return { $case: 'extended', value: { fingerprint: key.fingerprint, xpub: key.xpub } };
}

function tokenKeyMessage({ id, publicKey, attributes }: TokenKeyView): TokenKey {
  return { keyId: id, publicKey, attributes: [...attributes] };
}

/** Where a key is: at a path, or an HSM's by its id. */
function parseKeyPlace(path: string, keyId: string): KeyPlace {
  if (keyId === '') return { kind: 'derived', path: parsePath(path) };
  if (path !== '') throw new Malformed('key_id', 'excludes path: a key is derived, or a token has it');
  return { kind: 'token', id: parseTokenId(keyId, 'key_id') };
}

function parseBack(seconds: number): number {
  const most = (366 * day) / second;
  if (seconds > most) throw new Malformed('since_seconds', `must be at most ${most}, got ${seconds}`);
  return seconds === 0 ? 30 * day : seconds * second;
}

function replayMessage({ since, decided, cut, changed, byRule, examples, unknowns }: Replay): ReplayPolicyResponse {
  return {
    since: new Date(since),
    decided,
    truncated: cut,
    changed,
    rules: [...byRule].map(([rule, count]) => ({ rule, count })),
    examples: examples.map((example) => ({ ...example })),
    unknowns: [...unknowns],
  };
}

/** `OperatorService` of the API, spoken to custody. Who acts is the name in the caller's certificate, nothing sent. */
export function operatorService({ operators, acts, onboarding, wallets, backups }: Custody): Service {
  return bind(OperatorServiceService, operatorRights, {
    getStation: () => {
      const view = operators.station();
      return {
        station: view.station,
        policyHash: view.policy,
        simulatedTime: view.simulatedTime,
        now: new Date(view.now),
        witnessedMs: BigInt(Math.floor(view.w)),
        clockSuspect: view.clockSuspect,
        freezes: view.freezes.map(freezeMessage),
        wallets: view.wallets.map(walletMessage),
        noticesWaiting: BigInt(view.noticesWaiting),
        journalSize: BigInt(view.journalSize),
        operators: view.operators === undefined ? undefined : operatorsMessage(view.operators),
        sealing: {
          keyId: view.sealing.current,
          former: view.sealing.former.map(({ key, missing, sealed }) => ({ keyId: key, missing, sealed })),
        },
      };
    },
    prepareOperatorAct: async (request) => {
      const prepared = await acts.prepare({
        verb: parseVerb(request.verb),
        subject: parseSubject(request.subject),
        payload: parsePayload(request.payload),
        lifetime: parseLifetime(request.lifetimeSeconds, 'lifetime_seconds'),
      });
      const { open, signatures } = prepared;
      return {
        intent: intentMessage(prepared.intent),
        description: prepared.description,
        signaturesNeeded: signatures,
        delayMs: BigInt(prepared.delay ?? 0),
        open: open === undefined ? undefined : actMessage(acts.get(open.id), false),
        rpId: prepared.rpId,
        credentialIds: [...prepared.credentials],
        ...ruleMessages(prepared.rules),
        details: [...prepared.details],
      };
    },
    submitOperatorAct: async (request) => {
      if (request.attestation === undefined) throw new Malformed('attestation', 'is missing');
      const view = await acts.submit({
        intent: parseIntentBytes(request.intent, 'intent'),
        attestation: parseAssertion(request.attestation, 'attestation'),
        payload: parsePayload(request.payload),
      });
      return { act: actMessage(view) };
    },
    getAct: (request) => ({ act: actMessage(acts.get(parseActId(request.actId, 'act_id'))) }),
    listActs: (request) => ({
      acts: acts
        .list({ unsettled: request.unsettled, limit: parseLimit(request.limit) })
        .map((view) => actMessage(view, false)),
    }),
    listHeldWithdrawals: (request) => ({ withdrawals: acts.held(parseLimit(request.limit)).map(heldMessage) }),
    listTransactions: ({ transactionId }) => {
      const id = parseOptional(transactionId, 'transaction_id', parseTransactionId);
      return { transactions: operators.transactions(id).map(transactionMessage) };
    },
    getAccount: (request) => {
      const view = operators.account(parseAccountId(request.account, 'account'));
      return {
        factors: view.factors.map(factorMessage),
        everEnrolled: view.everEnrolled,
        recoversUntil: view.recoversUntil === undefined ? undefined : new Date(view.recoversUntil),
        freeze: view.freeze === undefined ? undefined : freezeMessage(view.freeze),
      };
    },
    getPolicy: (request) => {
      const { policyHash: asked } = request;
      const { hash, document } = operators.policy(asked === '' ? undefined : parseDigest(asked, 'policy_hash'));
      return { policyHash: hash, document: Buffer.from(document) };
    },
    replayPolicy: async (request) =>
      replayMessage(
        await operators.replay(parseBytes(request.document, documentMost, 'document'), parseBack(request.sinceSeconds)),
      ),
    importChunk: async (request) => {
      const { skipped, ...imported } = await onboarding.importChunk({
        act: parseActId(request.actId, 'act_id'),
        index: request.index,
        records: parseBytes(request.records, importChunkMost, 'records'),
      });
      return { ...imported, skipped: skipped.map((one) => ({ ...one })) };
    },
    readSignerKey: async (request) => {
      const key = await wallets.readKey({
        signer: parseSigner(request.signer),
        chain: parseChainId(request.chain, 'chain'),
        place: parseKeyPlace(request.path, request.keyId),
      });
      return { device: key.device, key: keyMessage(key) };
    },
    createSignerKey: async (request, { name }) => {
      const made = await wallets.createKey({
        signer: parseSigner(request.signer),
        id: request.keyId === '' ? undefined : parseTokenId(request.keyId, 'key_id'),
        label: parseText(request.label, /^[\x20-\x7e]{1,64}$/, '1 to 64 printable ASCII characters', 'label'),
        who: name,
      });
      return { device: made.device, key: tokenKeyMessage(made) };
    },
    registerWallet: async (request, outlet, { name }) => {
      const [wallet, signer] = [parseWalletEntry(request.wallet), parseSigner(request.signer)];
      await outlet.send({ ...(await wallets.register({ wallet, signer, who: name })) });
    },
    showWalletAddress: async (request, outlet) => {
      const of = { wallet: parseWalletEntry(request.wallet), signer: parseSigner(request.signer) };
      await outlet.send({
        ...(await wallets.showAddress({ ...of, branch: parseBranch(request.branch), index: request.index })),
      });
    },
    createBackup: async (_request, outlet, { name }) => {
      const chunks = backups.create(name);
      try {
        for (;;) {
          const { done, value } = await chunks.next();
          if (outlet.closed) return;
          if (done === true) {
            const made = {
              ...value,
              journalSize: BigInt(value.size),
              rows: BigInt(value.rows),
              bytes: BigInt(value.bytes),
            };
            return await outlet.send({
              part: { $case: 'made', value: { ...made, sha256: Buffer.from(value.sha256) } },
            });
          }
          await outlet.send({ part: { $case: 'chunk', value: Buffer.from(value) } });
        }
      } finally {
        // Whoever went away has stopped it.
        await chunks.return({ size: 0, rows: 0, bytes: 0, sha256: new Uint8Array() });
      }
    },
    freeze: async (request, { name }) => ({
      freeze: freezeMessage(
        await operators.freeze(parseFreezeScope(request.scope, 'scope'), name, parseWhy(request.why, 'why')),
      ),
    }),
    thaw: async (request, { name }) => {
      await operators.thaw(parseFreezeScope(request.scope, 'scope'), name, parseWhy(request.why, 'why'));
      return {};
    },
    acknowledgeClock: async (request, { name }) => {
      await operators.acknowledgeClock(name, parseWhy(request.why, 'why'));
      return {};
    },
  });
}
