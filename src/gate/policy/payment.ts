import { Malformed, shown } from '../../domain/index.ts';
import { named, otherLoosens, whole } from './change.ts';
import { together } from './english.ts';
import { parseHttpsOrigin } from './origins.ts';
import type { Section } from './section.ts';

/**
 * Secure Payment Confirmation: browsers that show the payment themselves, and what they show beside it. Such a page need not be
 * the station's own: it can't show one payment and ask for another.
 */
export interface PaymentPolicy {
  /** Exact origins that may ask for it, of any host. */
  readonly origins: readonly string[];
  /** Exact origins of pages that may frame those. */
  readonly topOrigins: readonly string[];
  /** Who pays out, as customers know them. */
  readonly payeeName: string;
  readonly payeeOrigin: string | undefined;
  /** Of the instrument: a URL whose very text is compared. One that holds its image proves what was shown. */
  readonly icon: string;
}

export interface PaymentPart {
  readonly payment: PaymentPolicy | undefined;
}

/** Client data bear it, and have 4 KiB (api/evidence.ts). */
const iconMost = 2048;
const nameMost = 64;

export const paymentSection: Section<PaymentPart> = {
  title: 'Payments that browsers show',
  parse(top) {
    if (!top.has('payment_confirmation')) return { payment: undefined };
    const of = top.members('payment_confirmation');
    const origins = of.list('origins', parseHttpsOrigin);
    if (origins.length === 0) throw new Malformed(of.at('origins'), 'names no origin');
    const payment = {
      origins,
      topOrigins: of.has('top_origins') ? of.list('top_origins', parseHttpsOrigin) : [],
      payeeName: parseName(of.text('payee_name'), of.at('payee_name')),
      payeeOrigin: of.has('payee_origin')
        ? parsePayeeOrigin(of.text('payee_origin'), of.at('payee_origin'))
        : undefined,
      icon: parseIcon(of.text('icon'), of.at('icon')),
    };
    of.done();
    return { payment };
  },
  changes: (was, will) =>
    whole('payment_confirmation', was.payment, will.payment, {
      say: sayPayment,
      comes: 'looser',
      goes: 'tighter',
      kept: (old, fresh) => [
        ...named('payment_confirmation.origins', old.origins, fresh.origins, 'looser'),
        ...named('payment_confirmation.top_origins', old.topOrigins, fresh.topOrigins, 'looser'),
        // What people are shown.
        ...otherLoosens('payment_confirmation.payee_name', old.payeeName, fresh.payeeName),
        ...otherLoosens('payment_confirmation.payee_origin', old.payeeOrigin, fresh.payeeOrigin),
        ...otherLoosens('payment_confirmation.icon', old.icon, fresh.icon, shortly),
      ],
    }),
  say: ({ payment }) =>
    payment === undefined ? ['No payment is confirmed in a dialog of the browser’s own.'] : [`${sayPayment(payment)}.`],
};

function sayPayment({ origins, topOrigins, payeeName, payeeOrigin, icon }: PaymentPolicy): string {
  const frames = topOrigins.length === 0 ? 'never in a frame' : `also framed by ${together(topOrigins)}`;
  const payee = payeeOrigin === undefined ? payeeName : `${payeeName} (${payeeOrigin})`;
  return `Withdrawals of assets with a payment currency may be confirmed in the browser’s own dialog (Secure Payment Confirmation), asked for by pages of ${together(origins)}, ${frames}; it shows the payee ${payee} and the icon ${shortly(icon)}`;
}

const shortly = (url: string): string => (url.length <= 96 ? url : `${url.slice(0, 64)}… (${url.length} characters)`);

/** What is shown as it is written: no control characters, no marks that turn text around, no letters that look like others. */
function parseName(value: string, place: string): string {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9 .,&'()-]*[A-Za-z0-9.)])?$/.test(value) || value.length > nameMost)
    throw new Malformed(place, `expected a name of at most ${nameMost} plain letters, got ${shown(value)}`);
  return value;
}

/** Browsers take no payee whose origin isn't https (Secure Payment Confirmation, "validate payment method data"). */
function parsePayeeOrigin(value: string, place: string): string {
  const origin = parseHttpsOrigin(value, place);
  if (!origin.startsWith('https:')) throw new Malformed(place, `expected an https origin, got ${shown(value)}`);
  return origin;
}

function parseIcon(value: string, place: string): string {
  if (value.length > iconMost) throw new Malformed(place, `is longer than ${iconMost} characters`);
  // Either already is what a browser's URL serializer makes of it (WHATWG URL), since the browser signs its own spelling.
  const held = /^data:image\/(?:png|svg\+xml|webp|jpeg);base64,[A-Za-z0-9+/]+={0,2}$/.test(value);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (held || (url?.protocol === 'https:' && url.href === value)) return value;
  throw new Malformed(place, `expected an https URL in its canonical spelling, or a data URL of an image in base64`);
}
