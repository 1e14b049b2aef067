import type { Answer } from '../child.ts';
import { declines, type FailureReason, type Identity, type Result } from '../protocol.ts';
import type { AddressReview, Failed, KeyReading, Outcome, PolicyRegistration } from '../signer.ts';
import { compressed } from './public-key.ts';

// What the child answered, in the words of the port. An answer of another kind than was asked is a failure.

/** Whatever isn't a signature or a clear no leaves a signature possible. */
export function outcomeOf(answer: Answer<Result>): Outcome {
  const result = resultIn(answer);
  if ('kind' in result) return { ...result, kind: 'uncertain' };
  switch (result.result) {
    case 'signature':
      return { kind: 'signed', signature: fromHex(result.signature).slice(1) };
    case 'signatures':
      return { kind: 'signed', signature: fromHex(result.signatures) };
    case 'failure': {
      const { reason, message } = result;
      return { kind: declines.has(reason) ? 'declined' : 'uncertain', reason, message };
    }
    default:
      return { ...otherAnswer, kind: 'uncertain' };
  }
}

/** Whether nothing is on the device's screen any more of what it was asked for: it answered, or is gone. */
export function isOver(result: Result): boolean {
  if (result.result !== 'failure') return true;
  const { reason } = result;
  return declines.has(reason) || over.has(reason);
}

/** Failures after which no review is shown, beside those by which a device says no. */
const over: ReadonlySet<FailureReason> = new Set([
  'device-lost',
  'device-missing',
  'device-locked',
  'device-wrong-app',
  'signature-wrong',
]);

export function identityIn(answer: Answer<Result>): Identity | Failed {
  if (answer.kind === 'deadline') {
    return { kind: 'failed', reason: 'device-timeout', message: 'the device did not say in time who it is' };
  }
  const result = resultIn(answer);
  if ('kind' in result) return result;
  return result.result === 'identity' ? result : failedOf(result);
}

export function deviceOf({ app, version }: Identity): string {
  return `Ledger, ${app} ${version}`;
}

/** Of an identity whose app has been judged. */
export function readingOf(identity: Identity): KeyReading {
  const { key } = identity;
  const device = deviceOf(identity);
  if (key === undefined) return otherAnswer;
  return 'xpub' in key
    ? { kind: 'extended', device, fingerprint: key.fingerprint, xpub: key.xpub }
    : { kind: 'account', device, address: key.address, publicKey: compressed(key.publicKey) };
}

export function registrationOf(answer: Answer<Result> | Failed): PolicyRegistration {
  const result = resultIn(answer);
  if ('kind' in result) return result;
  return result.result === 'registration' ? { kind: 'registered', hmac: fromHex(result.hmac) } : failedOf(result);
}

export function addressOf(answer: Answer<Result> | Failed): AddressReview {
  const result = resultIn(answer);
  if ('kind' in result) return result;
  return result.result === 'address' ? { kind: 'shown', address: result.address } : failedOf(result);
}

const otherAnswer: Failed = {
  kind: 'failed',
  reason: 'signer-failed',
  message: 'the signer’s process gave another answer',
};

function failedOf(result: Result): Failed {
  return result.result === 'failure' ? { kind: 'failed', reason: result.reason, message: result.message } : otherAnswer;
}

function resultIn(answer: Answer<Result> | Failed): Result | Failed {
  switch (answer.kind) {
    case 'result':
      return answer.result;
    case 'failed':
      return answer;
    case 'deadline':
      return { kind: 'failed', reason: 'device-timeout', message: 'nobody decided on the device in time' };
    default:
      return { kind: 'failed', reason: 'signer-failed', message: answer.message };
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
