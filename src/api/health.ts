import { service } from 'grpc-health-check';
import { Refusal, shown } from '../domain/index.ts';
import { pourChanges } from './outlet.ts';
import type { Role } from './roles.ts';
import { bind, type Service } from './service.ts';

// grpc.health.v1: the messages come from the published proto, through the package that brings it.

interface HealthRequest {
  readonly service: string;
}
interface HealthAnswer {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

function wire<Streams extends boolean, Response extends object>(name: string, responseStream: Streams) {
  const method = service[name];
  if (method === undefined || method.responseStream !== responseStream)
    throw new Error(`grpc.health.v1 has no ${name}`);
  return {
    path: method.path,
    requestStream: false,
    responseStream,
    requestDeserialize: (bytes: Buffer): HealthRequest => method.requestDeserialize(bytes) as HealthRequest,
    responseSerialize: (answer: Response): Buffer => method.responseSerialize(answer),
  } as const;
}

const definitions = {
  check: wire<false, HealthAnswer>('Check', false),
  list: wire<false, { readonly statuses: Readonly<Record<string, HealthAnswer>> }>('List', false),
  watch: wire<true, HealthAnswer>('Watch', true),
};

/** How a listener's services stand: all alike, serving until it begins to stop. */
export class Health {
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #serving = true;

  /** `names`: the services of the listener; the empty name stands for the listener as a whole. */
  constructor(names: readonly string[]) {
    this.#names = new Set(['', ...names]);
  }

  /** From now on NOT_SERVING. */
  stop(): void {
    this.#serving = false;
    for (const watcher of this.#watchers) watcher();
  }

  /** The service, for callers of the given roles. */
  service(roles: readonly Role[]): Service {
    const state = (): HealthAnswer => ({ status: this.#serving ? 'SERVING' : 'NOT_SERVING' });
    return bind(
      definitions,
      { check: roles, list: roles, watch: roles },
      {
        check: (request) => {
          if (this.#names.has(request.service)) return state();
          throw new Refusal('not-found', `There is no service ${shown(request.service)} here.`);
        },
        list: () => ({ statuses: Object.fromEntries([...this.#names].map((name) => [name, state()])) }),
        watch: (request, outlet) =>
          pourChanges(
            outlet,
            (watcher: (record: { readonly id: string }) => void) => {
              const tell = (): void => watcher({ id: request.service });
              this.#watchers.add(tell);
              tell();
              return () => this.#watchers.delete(tell);
            },
            // The standard has Watch answer, not fail, for a service that is not known.
            () => (this.#names.has(request.service) ? state() : { status: 'SERVICE_UNKNOWN' }),
          ),
      },
    );
  }
}
