import { Malformed, parseWalletId, shown, type WalletId } from '../../domain/index.ts';
import { type Members, textItem } from '../document.ts';
import { keyed } from './keyed.ts';

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

export function parseClients(of: Members): ClientsPolicy {
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
