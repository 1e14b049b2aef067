import type {
  Acts,
  HeldWithdrawal,
  Onboarding,
  Operators,
  OperatorsView,
  Replay,
  WalletView,
} from '../custody/custody.ts';
import { parseFreezeScope } from '../custody/freeze.ts';
import {
  day,
  type FreezeRecord,
  importChunkMost,
  Malformed,
  type OperatorVerb,
  operatorVerbs,
  parseAccountId,
  parseActId,
  parseDigest,
  parseTransactionId,
  parseWhy,
  second,
  shown,
} from '../domain/index.ts';
import {
  type FreezeState,
  type HeldWithdrawal as HeldMessage,
  OperatorServiceService,
  type OperatorsState,
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
const payloadMost = 48 * 1024;
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

function walletMessage({ id, address, nextNonce, readiness }: WalletView): WalletState {
  return {
    wallet: id,
    address,
    nextNonce: BigInt(nextNonce),
    ready: readiness.ready,
    reason: readiness.ready ? '' : readiness.reason,
    message: readiness.ready ? '' : readiness.message,
  };
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
export function operatorService(operators: Operators, acts: Acts, onboarding: Onboarding): Service {
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
        await operators.replay(parseBytes(request.document, payloadMost, 'document'), parseBack(request.sinceSeconds)),
      ),
    importChunk: async (request) => {
      const { skipped, ...imported } = await onboarding.importChunk({
        act: parseActId(request.actId, 'act_id'),
        index: request.index,
        records: parseBytes(request.records, importChunkMost, 'records'),
      });
      return { ...imported, skipped: skipped.map((one) => ({ ...one })) };
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
