import { type AuthenticatorClass, authenticatorClasses, Malformed, shown } from '../../domain/index.ts';
import { textItem } from '../document.ts';

export function parseHost(value: string, place: string): string {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(value))
    throw new Malformed(place, `expected a host name, got ${shown(value)}`);
  return value;
}

/** An exact origin whose host is the RP ID or below it, over TLS (or on localhost). */
export function parseOrigin(item: unknown, place: string, rpId: string): string {
  const value = parseHttpsOrigin(item, place);
  const { hostname } = new URL(value);
  if (hostname !== rpId && !hostname.endsWith(`.${rpId}`)) {
    throw new Malformed(place, `${shown(value)} is not on the relying party ${rpId}`);
  }
  return value;
}

/** An exact origin over TLS (or on localhost), whosever. */
export function parseHttpsOrigin(item: unknown, place: string): string {
  const value = textItem(item, place);
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new Malformed(place, `expected an origin such as https://approve.example, got ${shown(value)}`);
  }
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
  if (!secure || url.origin !== value)
    throw new Malformed(place, `expected an https origin and nothing after it, got ${shown(value)}`);
  return value;
}

export function parseClass(value: string, place: string): AuthenticatorClass {
  const found = authenticatorClasses.find((known) => known === value);
  if (found !== undefined) return found;
  throw new Malformed(place, `expected device, synced or hardware, got ${shown(value)}`);
}
