import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Forgotten, IncidentReport, PaymentEvidence, Sum } from '../custody/incident/report.ts';
import { chartOf } from './incident-chart.ts';
import { code, evidenceList, moment } from './incident-evidence.ts';
import { escaped } from './operator-page.ts';

const script = readFileSync(new URL('page/incident.js', import.meta.url), 'utf8');
const style = readFileSync(new URL('page/incident.css', import.meta.url), 'utf8');

/** Rows of a table that a browser still scrolls well; the JSON has all. */
const rowsMost = 2_000;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Exactly this script and this style; nothing else runs, and nothing is loaded. */
const contentSecurityPolicy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;

/** The report as one page, whole: it loads nothing, and prints. What came from the journal is text in it, never markup (threat S10). */
export function incidentPage(report: IncidentReport): string {
  const { range, station, totals, basis } = report;
  const what = basis === 'disputed' ? 'Incident report' : 'Everything paid';
  const chart = chartOf(report);
  const sections = [
    verdict(report),
    forgotten(report),
    figures(report),
    chart === undefined
      ? ''
      : section('When', `<figure>${chart.svg}<figcaption>${chart.caption}</figcaption></figure>`),
    accounts(report),
    assets(report),
    destinations(report),
    payments(report),
    notPaid(report),
    disputed(report),
    refusals(report),
    changes(report),
    events(report),
    read(report),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${what}, ${moment(range.since)} to ${moment(range.until)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${what}</h1>
<p class="lead">Station ${code(station ?? 'unknown')}, from ${moment(range.since)} up to ${moment(range.until)} UTC${narrowedText(report)}.${basis === 'disputed' ? '' : ` Which of these ${totals.payments} payments are disputed, nobody has said: none of it is called a loss here.`}</p>
${sections.filter((part) => part !== '').join('\n')}
</main>
<script type="module">${script}</script>
</body>
</html>
`;
}

function narrowedText({ narrowed: { accounts, destinations, assets } }: IncidentReport): string {
  const all = [...accounts, ...destinations, ...assets];
  return all.length === 0 ? '' : `, of ${all.map(code).join(', ')} only`;
}

function section(title: string, html: string): string {
  return `<section>\n<h2>${escaped(title)}</h2>\n${html}\n</section>`;
}

function verdict({
  agreement: { holds, differences, findings, found },
  read: { size, newest, rows_authenticated },
}: IncidentReport): string {
  if (holds) {
    return `<div class="verdict"><p><strong>The numbers follow from the journal.</strong> Counted from the rows and from the journal’s entries alone, they are the same; of ${size} entries${newest === null ? '' : `, up to ${moment(newest.time)},`} and of the rows that they tell of nothing was found wrong.${rows_authenticated ? '' : ' The rows were held against the journal, but not authenticated: that takes the state key.'}</p></div>`;
  }
  const told = [
    ...differences.map(escaped),
    ...found.map(({ tag, where, message }) => `${code(tag)} ${escaped(where)}: ${escaped(message)}`),
  ];
  const more = findings > found.length ? `<p>… and ${findings - found.length} more findings</p>` : '';
  return `<div class="verdict wrong" role="alert"><p><strong>Do not rely on these numbers: they do not follow from the journal.</strong></p><ul>${told.map((line) => `<li>${line}</li>`).join('')}</ul>${more}</div>`;
}

/** Of a restore that took a part of the span away. */
export function sayForgotten({ from, to, size, published_size }: Forgotten): string {
  const lost = published_size === null ? '' : `; the former log was published with ${published_size}`;
  return `the station was restored at ${to.time} from a backup of ${size} entries, the last of ${from?.time ?? 'a time that is missing'}${lost}: what it did between the two is not in this journal`;
}

function forgotten({ read: { forgotten: list } }: IncidentReport): string {
  if (list.length === 0) return '';
  const told = list.map((one) => `<li>${escaped(sayForgotten(one))}</li>`).join('');
  return `<div class="verdict wrong" role="alert"><p><strong>A part of this span is not covered: the station was restored.</strong> Look for it in the former log’s tiles, in the withdrawal service’s books and on the chain.</p><ul>${told}</ul></div>`;
}

function figures({ totals, basis, not_paid, refusals }: IncidentReport): string {
  const lost = basis === 'disputed' ? 'lost' : 'paid';
  const amounts = byPayments(totals.assets).map(
    (sum) =>
      `<li><b>${big(sum)}</b><span>${lost}, in ${sum.payments} ${sum.payments === 1 ? 'payment' : 'payments'}</span></li>`,
  );
  return `<ul class="figures">
<li><b>${grouped(String(totals.accounts))}</b><span>accounts ${basis === 'disputed' ? 'affected' : 'paid from'}</span></li>
${amounts.join('\n')}
<li><b>${grouped(String(totals.payments))}</b><span>payments</span></li>
<li><b>${grouped(String(not_paid.length))}</b><span>authorized and not released</span></li>
<li><b>${grouped(String(refusals.total))}</b><span>requests refused</span></li>
</ul>`;
}

/** The assets of the most payments first. */
const byPayments = (sums: readonly Sum[]): Sum[] => [...sums].sort((a, b) => b.payments - a.payments);

function assets({ totals }: IncidentReport): string {
  if (totals.assets.length === 0) return '';
  const headings: Heading[] = [
    { text: 'asset' },
    { text: 'symbol' },
    { text: 'amount', number: true },
    { text: 'base units', number: true },
    { text: 'payments', number: true },
  ];
  const rows = byPayments(totals.assets).map(
    (sum) =>
      `<tr><td>${code(sum.asset)}</td><td>${escaped(sum.symbol ?? 'not told')}</td><td class="number">${sum.units === null ? 'not told' : grouped(sum.units)}</td>${amountCell({ ...sum, units: null })}${countCell(sum.payments)}</tr>`,
  );
  return section('Assets', tableOf(headings, rows, ''));
}

function big({ units, symbol, amount }: Sum): string {
  return units === null
    ? `${grouped(amount)} <small>base units</small>`
    : `${units.length > 12 ? `<small>${grouped(units)}</small>` : grouped(units)} <small>${escaped(symbol ?? '')}</small>`;
}

/** Thousands set apart; digits behind the point as they are. */
function grouped(decimal: string): string {
  const [whole = '', fraction] = decimal.split('.');
  const set = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return escaped(fraction === undefined ? set : `${set}.${fraction}`);
}

/** A cell that sorts by an amount of base units, exactly: shorter is less. */
function amountCell(sum: { readonly amount: string; readonly units: string | null } | undefined): string {
  if (sum === undefined) return '<td class="number" data-key="00"></td>';
  const key = `${String(sum.amount.length).padStart(2, '0')}${sum.amount}`;
  return `<td class="number" data-key="${escaped(key)}">${grouped(sum.units ?? sum.amount)}</td>`;
}

const countCell = (count: number): string =>
  `<td class="number" data-key="${String(count).padStart(15, '0')}">${count}</td>`;
const timeCell = (time: string): string => `<td class="time">${moment(time)}</td>`;

interface Heading {
  readonly text: string;
  readonly number?: boolean;
}

function tableOf(headings: readonly Heading[], rows: readonly string[], search: string, bodies = false): string {
  const shown = rows.slice(0, rowsMost);
  const head = headings
    .map(({ text, number }) => `<th scope="col"${number === true ? ' class="number"' : ''}>${escaped(text)}</th>`)
    .join('');
  const body = bodies ? shown.join('\n') : `<tbody>\n${shown.join('\n')}\n</tbody>`;
  const tools =
    search === ''
      ? ''
      : `<div class="tools" hidden><input type="search" aria-label="${escaped(search)}" placeholder="${escaped(search)}"><output></output></div>\n`;
  const rest =
    rows.length > shown.length
      ? `\n<p class="note">${rows.length - shown.length} more are in the JSON report.</p>`
      : '';
  return `${tools}<div class="table"><table data-sorts="${bodies ? 'bodies' : 'rows'}">\n<thead><tr>${head}</tr></thead>\n${body}\n</table></div>${rest}`;
}

/** In one piece, however narrow its column: an account's id has 64 characters at most. */
const nameOf = (account: string): string => `<code class="name">${escaped(account)}</code>`;

const unitOf = ({ symbol, asset }: Pick<Sum, 'symbol' | 'asset'>): string => symbol ?? `base units of ${asset}`;

function accounts({ accounts: list, totals }: IncidentReport): string {
  if (list.length === 0) return section('Accounts', '<p>None.</p>');
  const headings: Heading[] = [
    { text: 'account' },
    ...byPayments(totals.assets).map((sum) => ({ text: unitOf(sum), number: true })),
    { text: 'payments', number: true },
    { text: 'first' },
    { text: 'last' },
  ];
  const rows = list.map(({ account, payments: count, first, last, assets }) => {
    const amounts = byPayments(totals.assets)
      .map(({ asset }) => amountCell(assets.find((sum) => sum.asset === asset)))
      .join('');
    return `<tr><td>${nameOf(account)}</td>${amounts}${countCell(count)}${timeCell(first)}${timeCell(last)}</tr>`;
  });
  return section('Accounts', tableOf(headings, rows, 'Find an account'));
}

function destinations({ destinations: list, totals }: IncidentReport): string {
  if (list.length === 0) return '';
  const headings: Heading[] = [
    { text: 'destination' },
    { text: 'accounts', number: true },
    { text: 'payments', number: true },
    ...byPayments(totals.assets).map((sum) => ({ text: unitOf(sum), number: true })),
  ];
  const rows = list.map(({ destination, payments: count, accounts: from, assets }) => {
    const amounts = byPayments(totals.assets)
      .map(({ asset }) => amountCell(assets.find((sum) => sum.asset === asset)))
      .join('');
    return `<tr><td>${code(destination)}</td>${countCell(from)}${countCell(count)}${amounts}</tr>`;
  });
  return section('Destinations', tableOf(headings, rows, ''));
}

function payments({ payments: list }: IncidentReport): string {
  if (list.length === 0) return '';
  const headings: Heading[] = [
    { text: 'released' },
    { text: 'account' },
    { text: 'amount', number: true },
    { text: 'asset' },
    { text: 'destination' },
  ];
  const rows = list.map(
    (payment) =>
      `<tbody><tr>${timeCell(payment.transaction.released.time)}<td>${nameOf(payment.account ?? 'not told')}</td>${amountCell(payment)}<td>${escaped(assetOf(payment))}</td><td>${code(payment.destination ?? 'not told')}</td></tr><tr class="evidence"><td colspan="5"><details><summary>Evidence of ${escaped(payment.withdrawal)}</summary>${evidenceList(payment)}</details></td></tr></tbody>`,
  );
  const note =
    '<p class="note">In the order in which their signatures were released. “portcullis verify receipt” proves each of them to whoever has the journal’s key.</p>';
  return section(
    'Payments and their evidence',
    note + tableOf(headings, rows, 'Find a payment, a factor, a transaction', true),
  );
}

const assetOf = ({ symbol, asset, units }: Pick<PaymentEvidence, 'symbol' | 'asset' | 'units'>): string =>
  units === null ? `base units of ${asset}` : (symbol ?? asset);

function notPaid({ not_paid }: IncidentReport): string {
  if (not_paid.length === 0) return '';
  const headings: Heading[] = [
    { text: 'authorized' },
    { text: 'withdrawal' },
    { text: 'account' },
    { text: 'amount', number: true },
    { text: 'asset' },
    { text: 'destination' },
    { text: 'now' },
  ];
  const rows = not_paid.map(
    (one) =>
      `<tr>${timeCell(one.authorized.time)}<td>${code(one.withdrawal)}</td><td>${code(one.account ?? 'not told')}</td>${amountCell(one)}<td>${escaped(assetOf(one))}</td><td>${code(one.destination ?? 'not told')}</td><td>${escaped(one.state)}</td></tr>`,
  );
  return section('Authorized, and not released in this span', tableOf(headings, rows, ''));
}

function disputed({ disputed: list }: IncidentReport): string {
  if (list === null) return '';
  const ids = (items: readonly string[]): string => items.slice(0, rowsMost).map(code).join(', ');
  const lines = [
    `<p>${list.named} withdrawals are named; ${list.paid} of them were paid here, and are what this report counts.</p>`,
  ];
  if (list.unknown.length > 0)
    lines.push(
      `<p class="verdict wrong"><strong>${list.unknown.length} are unknown to this journal:</strong> ${ids(list.unknown)}</p>`,
    );
  if (list.outside.length > 0)
    lines.push(
      `<p>Paid, but not counted here, since they were paid outside the span: ${ids(list.outside.map(({ withdrawal }) => withdrawal))}</p>`,
    );
  if (list.not_paid.length > 0)
    lines.push(
      `<p>Never paid: ${list.not_paid
        .slice(0, rowsMost)
        .map(({ withdrawal, state }) => `${code(withdrawal)} (${escaped(state)})`)
        .join(', ')}</p>`,
    );
  if (list.left_out > 0)
    lines.push(`<p>Paid in the span, but left out of this report, which was narrowed: ${list.left_out}</p>`);
  if (list.repeated.length > 0) lines.push(`<p>Named more than once, counted once: ${ids(list.repeated)}</p>`);
  return section('The list of disputed withdrawals', lines.join('\n'));
}

function refusals({ refusals: { total, only_counted, by_reason, told } }: IncidentReport): string {
  if (total === 0) return '';
  const reasons = by_reason.map(
    ({ reason, count, accounts: from }) => `<tr><td>${code(reason)}</td>${countCell(count)}${countCell(from)}</tr>`,
  );
  const summary = tableOf(
    [{ text: 'reason' }, { text: 'refused', number: true }, { text: 'accounts', number: true }],
    reasons,
    '',
  );
  const rows = told.map(
    ({ time, leaf, what, reason, account, withdrawal }) =>
      `<tr>${timeCell(time)}<td>${code(reason)}</td><td>${escaped(what)}${withdrawal === null ? '' : ` ${code(withdrawal)}`}</td><td>${account === null ? '' : code(account)}</td><td class="number">${leaf}</td></tr>`,
  );
  const each =
    rows.length === 0
      ? ''
      : section(
          'Each refusal',
          tableOf(
            [
              { text: 'time' },
              { text: 'reason' },
              { text: 'what' },
              { text: 'account' },
              { text: 'entry', number: true },
            ],
            rows,
            'Find a refusal',
          ),
        );
  const note =
    only_counted === 0
      ? ''
      : `<p class="note">${only_counted} of them came so fast that the journal has their number alone.</p>`;
  return `${section('What was refused', note + summary)}\n${each}`;
}

function changes({ changes: list, basis }: IncidentReport): string {
  if (list.length === 0) return '';
  const shown = list.filter(({ affected }) => affected);
  const rest = list.length - shown.length;
  const rows = shown.map(
    ({ time, leaf, kind, account, subject, class: of, by }) =>
      `<tr>${timeCell(time)}<td>${escaped(kind.replace('-', ' '))}</td><td>${code(account ?? 'not told')}</td><td>${subject === null ? '' : code(subject)}${of === null ? '' : ` (${escaped(of)})`}</td><td>${by.map(code).join(', ')}</td><td class="number">${leaf}</td></tr>`,
  );
  const note =
    rest === 0
      ? ''
      : `<p class="note">Of ${basis === 'disputed' ? 'affected accounts' : 'accounts that were paid from'} only; the JSON report has the ${rest} of others.</p>`;
  const headings: Heading[] = [
    { text: 'time' },
    { text: 'what' },
    { text: 'account' },
    { text: 'factor or destination' },
    { text: 'by' },
    { text: 'entry', number: true },
  ];
  return section(
    'Factors and destinations that came and went',
    note + (rows.length === 0 ? '' : tableOf(headings, rows, 'Find a factor, a destination, an account')),
  );
}

function events({ events: list }: IncidentReport): string {
  if (list.length === 0) return '';
  const rows = list.map(
    ({ time, leaf, sentence }) =>
      `<tr>${timeCell(time)}<td>${escaped(sentence)}</td><td class="number">${leaf}</td></tr>`,
  );
  return section(
    'Freezes, operators’ acts, and the station itself',
    tableOf([{ text: 'time' }, { text: 'what happened' }, { text: 'entry', number: true }], rows, ''),
  );
}

function read({ read: of, agreement }: IncidentReport): string {
  const { from_rows, from_leaves } = agreement;
  const counts = (count: typeof from_rows): string =>
    `${count.payments} payments of ${count.accounts} accounts${Object.entries(count.assets)
      .map(([asset, amount]) => `; ${grouped(amount)} of ${code(asset)}`)
      .join('')}`;
  const rows: [string, string][] = [
    ['journal', code(of.origin ?? 'unknown')],
    [
      'read up to',
      of.newest === null ? 'nothing' : `entry ${of.newest.leaf}, ${moment(of.newest.time)} (${of.size} entries)`,
    ],
    ['root', of.root === null ? 'none: entries are missing' : `${code(of.root)} (RFC 9162, of all ${of.size})`],
    [
      'checkpoint',
      of.consistent_with === null
        ? 'none was given to hold it against'
        : `the journal goes on from the given one, of ${of.consistent_with} entries`,
    ],
    [
      'log key',
      `${code(of.log_key ?? 'unknown')}${of.log_key_pinned ? ', as pinned' : ', the database’s own word for it'}`,
    ],
    [
      'rows',
      of.rows_authenticated ? 'authenticated with the state key' : 'held against the journal, not authenticated',
    ],
    ['from rows', counts(from_rows)],
    ['from entries', counts(from_leaves)],
  ];
  return section(
    'How this was read',
    `<dl class="read">${rows.map(([label, html]) => `<dt>${label}</dt><dd>${html}</dd>`).join('')}</dl>
<p class="note">A payment counts when its signature was first released. What fees it cost, and whether the transaction confirmed on its chain, the journal does not say, but for what operators stated. Times are the station’s, UTC. Amounts are exact; the chart’s are rounded.</p>`,
  );
}
