import type { HostProcess } from '../launch.ts';
import { launchPkcs11 } from '../launch.ts';
import type { Failed } from '../signer.ts';
import { systemTimers, type Timers } from '../timers.ts';
import { Pool } from './pool.ts';
import type { Identified, Token, TokenName } from './protocol.ts';
import { resultIn } from './signer.ts';

export interface SurveyOptions {
  /** Absolute path of the vendor's module. */
  readonly module: string;
  readonly token: TokenName;
  /** A secret. */
  readonly pin: string;
  readonly environment: Readonly<Record<string, string>>;
  /** To load the module, to log in and to look, ms. */
  readonly deadline: number;
  readonly timers?: Timers;
  readonly spawn?: () => HostProcess;
}

/** What a token and its module say of themselves. */
export type SeenToken = Token & Pick<Identified, 'sessions'>;

/** What a token and its module say, in a child that has loaded it for that alone. It is logged in once. */
export async function surveyToken(options: SurveyOptions): Promise<SeenToken | Failed> {
  const { module, token, pin, environment, deadline } = options;
  const pool = new Pool({
    processes: 1,
    deadlines: { sign: deadline },
    child: {
      start: options.spawn ?? (() => launchPkcs11(environment)),
      configuration: { op: 'configure', module, token, pin },
      startDeadline: deadline,
      timers: options.timers ?? systemTimers,
      backOff: () => deadline,
      log: () => undefined,
    },
  });
  try {
    const result = resultIn(await pool.ask({ op: 'identify', keys: [] }, deadline));
    if ('kind' in result) return result;
    if (result.result === 'token') {
      const { device, label, serial, sessions } = result;
      return { device, label, serial, sessions };
    }
    return { kind: 'failed', reason: 'signer-failed', message: 'the signer’s process gave another answer' };
  } finally {
    await pool.close();
  }
}
