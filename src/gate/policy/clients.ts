import { Malformed, parseWalletId, shown, type WalletId } from '../../domain/index.ts';
import { type Members, textItem } from '../document.ts';
import { type Change, listed, named, whole } from './change.ts';
import { together } from './english.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

/** Whom the station lets call it, beyond the names in certificates. */
export interface ClientsPolicy {
  /** SHA-256 of each trusted CA certificate's DER, hex: the file that config names must hold these and no others. */
  readonly authorities: readonly string[];
  /** SHA-256 of client certificates' DER that are refused, hex. */
  readonly revoked: ReadonlySet<string>;
  /** Wallets that a withdrawal service's certificate may use, by its name; one that isn't named here may use all. */
  readonly wallets: ReadonlyMap<string, ReadonlySet<WalletId>>;
}

/** Whether a withdrawal service's certificate of this name may use the wallet. */
export function walletAllowed(clients: ClientsPolicy | undefined, client: string, wallet: WalletId): boolean {
  const allowed = clients?.wallets.get(client);
  return allowed === undefined || allowed.has(wallet);
}

export interface ClientsPart {
  readonly clients: ClientsPolicy | undefined;
}

export const clientsSection: Section<ClientsPart> = {
  title: 'Clients',
  parse: (top) => ({ clients: top.has('clients') ? parseClients(top.members('clients')) : undefined }),
  changes: (was, will) =>
    whole('clients', was.clients, will.clients, {
      say: (clients) => sayClients(clients).join('. '),
      comes: 'tighter',
      goes: 'looser',
      kept: (old, fresh) => [
        ...named('clients.authorities', old.authorities, fresh.authorities, 'looser'),
        ...named('clients.revoked', old.revoked, fresh.revoked, 'tighter'),
        ...scopes(old, fresh),
      ],
    }),
  say: ({ clients }) =>
    clients === undefined
      ? ['Any certificate of the authorities that the config names is taken.']
      : sayClients(clients).map((sentence) => `${sentence}.`),
};

/** Whoever is not named may use every wallet: naming one tightens. */
function scopes(was: ClientsPolicy, will: ClientsPolicy): Change[] {
  return listed('clients.wallets', was.wallets, will.wallets, {
    say: (wallets) => together(wallets),
    added: 'tighter',
    removed: 'looser',
    kept: (member, old, fresh) => named(member, old, fresh, 'looser'),
  });
}

function sayClients({ authorities, revoked, wallets }: ClientsPolicy): string[] {
  return [
    `Clients’ certificates come from the ${authorities.length === 1 ? 'authority' : 'authorities'} with SHA-256 ${together(authorities)}`,
    ...(revoked.size === 0 ? [] : [`Revoked are ${together(revoked)}`]),
    ...[...wallets].map(([client, ids]) => `The withdrawal service ${client} may use ${together(ids, 'no wallet')}`),
  ];
}

function parseClients(of: Members): ClientsPolicy {
  const clients = {
    authorities: of.list('authorities', parseFingerprint),
    revoked: new Set(of.has('revoked') ? of.list('revoked', parseFingerprint) : []),
    wallets: new Map(
      of.has('wallets')
        ? [...keyed(of.memberList('wallets', parseScope), (s) => s.client, of.at('wallets'))].map(
            ([client, scope]) => [client, scope.wallets] as const,
          )
        : [],
    ),
  };
  if (clients.authorities.length === 0) throw new Malformed(of.at('authorities'), 'names no certificate');
  of.done();
  return clients;
}

function parseScope(of: Members): { readonly client: string; readonly wallets: ReadonlySet<WalletId> } {
  const client = of.text('client');
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(client))
    throw new Malformed(of.at('client'), `no client's name: ${shown(client)}`);
  return {
    client,
    wallets: new Set(of.list('wallets', (value, place) => parseWalletId(textItem(value, place), place))),
  };
}

function parseFingerprint(value: unknown, place: string): string {
  const text = textItem(value, place);
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Malformed(place, 'expected a SHA-256, 64 lowercase hex digits');
  return text;
}
