import type { Custody } from '../custody/custody.ts';
import type { TlsMaterial } from './credentials.ts';
import { destinationService } from './destination-service.ts';
import { factorService } from './factor-service.ts';
import { Health } from './health.ts';
import { journalService } from './journal-service.ts';
import { type Address, defaultLimits, type Limits, listen } from './listener.ts';
import { type Log, sparing } from './log.ts';
import { noticeService } from './notice-service.ts';
import { operatorService } from './operator-service.ts';
import { type Role, roles } from './roles.ts';
import type { Service } from './service.ts';
import { transactionService } from './transaction-service.ts';
import type { ClientTrust } from './trust.ts';
import { withdrawalService } from './withdrawal-service.ts';

export type { TlsMaterial } from './credentials.ts';
export type { Address, Limits } from './listener.ts';
export type { Log } from './log.ts';
export type { ClientTrust } from './trust.ts';

export interface ApiOptions {
  readonly custody: Custody;
  readonly tls: TlsMaterial;
  /** Of policy, if it names the authorities that `tls.ca` holds: what else it says of clients' certificates. */
  readonly clients?: ClientTrust | undefined;
  /** Of policy: the trust domain of callers' SPIFFE ids. */
  readonly trustDomain: string;
  readonly listen: Address;
  /** Operators have a listener of their own, so that a freeze gets through whatever the other one is asked. */
  readonly operatorsListen: Address;
  readonly limits?: Partial<Limits>;
  /** Of the emulated station, on the main listener; made with `bind`. */
  readonly extraServices?: readonly Service[];
  readonly log: Log;
}

export interface Api {
  readonly port: number;
  readonly operatorsPort: number;
  /** New connections are made with this; of the open ones, those that it does not let in end. */
  trust(tls: TlsMaterial, clients: ClientTrust | undefined, trustDomain: string): void;
  /** Takes no new work, gives what is in flight `graceMs` to end, then cuts it off. */
  close(graceMs: number): Promise<void>;
}

/** Opens both listeners. Rejects, with neither left open, where an address can't be had. */
export async function createApi(options: ApiOptions): Promise<Api> {
  const { custody, trustDomain, tls, clients } = options;
  const log = sparing(options.log, () => performance.now());
  const extra = options.extraServices ?? [];
  const limits: Limits = { ...defaultLimits, ...options.limits };
  // The role `dev` is known only where there is something for it to call.
  const callers: readonly Role[] = roles.filter((role) => role !== 'dev' || extra.length > 0);

  type Whom = Pick<Parameters<typeof listen>[1], 'roles' | 'others'>;
  const open = async (address: Address, whom: Whom, services: readonly Service[]) => {
    const health = new Health(services.map(({ name }) => name));
    const all = [...services, health.service(callers)];
    return { health, listener: await listen(all, { address, tls, clients, ...whom, trustDomain, limits, log }) };
  };

  const main = await open(options.listen, { roles: ['withdrawals', 'courier', 'auditors'], others: true }, [
    withdrawalService((client) => custody.withdrawalsOf(client)),
    transactionService((client) => custody.transactionsOf(client)),
    destinationService(custody.destinations),
    factorService(custody.factors),
    noticeService(custody.notices),
    journalService(custody.journal),
    ...extra,
  ]);
  const operators = await open(options.operatorsListen, { roles: ['operators'], others: false }, [
    operatorService(custody),
  ]).catch(async (error: unknown) => {
    await main.listener.close(0);
    throw error;
  });

  return {
    port: main.listener.port,
    operatorsPort: operators.listener.port,
    trust: (...changed) => {
      for (const { listener } of [main, operators]) listener.trust(...changed);
    },
    close: async (graceMs) => {
      const both = [main, operators];
      for (const { health } of both) health.stop();
      // A turn for those who watch to be told before their streams end.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(both.map(({ listener }) => listener.close(graceMs)));
    },
  };
}
