import { createPkcs11Signer, type Pkcs11SignerOptions } from '../../../src/signers/pkcs11/signer.ts';
import type { Signer } from '../../../src/signers/signer.ts';
import { noSoftHsm, SoftHsm } from '../../softhsm.ts';
import { HandTimers } from '../hand-timers.ts';
import { FaultyModule, noFaults } from './faulty-module.ts';

/** Why there is no token here that misbehaves, if there is none. In CI there must be one: nothing is skipped. */
export const noFaultyToken = process.env['CI'] !== undefined ? undefined : (noFaults ?? noSoftHsm);

/** What the signer is told to wait, ms. */
export const identify = 10_000;
export const sign = 20_000;
export const poll = 3_000;
export const backOff = 500;

/** A signer over a token, on timers that go off by hand; and what it logs. */
export function tokenSigner(
  { module, environment, label, pin }: SoftHsm,
  more: Partial<Pkcs11SignerOptions> = {},
): { signer: Signer; timers: HandTimers; log: string[] } {
  const timers = new HandTimers();
  const log: string[] = [];
  const signer = createPkcs11Signer({
    name: 'hsm',
    module,
    token: { by: 'label', value: label },
    pin,
    processes: 1,
    environment,
    deadlines: { identify, sign },
    poll,
    backOff: (restarts) => backOff + restarts,
    timers,
    log: (line) => void log.push(line),
    ...more,
  });
  return { signer, timers, log };
}

/** A SoftHSM2 token with test keys, behind a module that misbehaves on cue; its tools work behind that module's back. */
export class FaultyToken extends SoftHsm {
  readonly faulty = new FaultyModule(this.module);

  /** What both modules read of their environment. */
  get bothEnvironments(): Readonly<Record<string, string>> {
    return { ...this.faulty.environment, ...this.environment };
  }

  /** A signer over it. */
  signer(more: Partial<Pkcs11SignerOptions> = {}): ReturnType<typeof tokenSigner> {
    return tokenSigner(this, { module: this.faulty.module, environment: this.bothEnvironments, ...more });
  }

  override close(): void {
    this.faulty.close();
    super.close();
  }
}

/** Resolves when the signer says that it is worth asking again. */
export function changed(signer: Signer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = signer.onChange(() => {
    stop();
    resolve();
  });
  return promise;
}
