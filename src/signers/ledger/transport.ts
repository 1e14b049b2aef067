import type { ChainId } from '../../domain/caip.ts';
import { isTestNetwork } from '../../domain/networks.ts';
import { Malformed, shown } from '../../domain/refusal.ts';

/** How a Ledger is reached: over USB, or as an emulated device behind Speculos' REST interface. */
export type Transport =
  | { readonly transport: 'hid' }
  /** Such as `http://127.0.0.1:5000`; see `parseSpeculosUrl`. */
  | { readonly transport: 'speculos'; readonly url: string };

/** An emulator's seed is nobody's secret: what it signs must be worth nothing. */
export function transportAllowed(transport: Transport, chain: ChainId): boolean {
  switch (transport.transport) {
    case 'hid':
      return true;
    case 'speculos':
      return isTestNetwork(chain);
    default:
      return false;
  }
}

/**
 * Speculos' address: plain HTTP on a loopback address that needs no name service, and nothing else in the URL. Speculos itself
 * guards nothing, and a signer's process reaches no other host (I8).
 */
export function parseSpeculosUrl(value: string, field: string): { readonly origin: string; readonly port: string } {
  const match = /^(http:\/\/(?:127\.0\.0\.1|\[::1\])):([1-9][0-9]{0,4})\/?$/.exec(value);
  const [, origin, port] = match ?? [];
  if (origin === undefined || port === undefined || Number(port) > 65_535) {
    throw new Malformed(field, `expected a loopback address such as http://127.0.0.1:5000, got ${shown(value)}`);
  }
  return { origin, port };
}
