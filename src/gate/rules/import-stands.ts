import { day, hour } from '../../domain/index.ts';
import type { ImportCase, ImportedAccount } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** For how long an act that ripened imports, ms of witnessed time: bytes that a quorum approved are not to lie about for ever. */
const importWindow = 14 * day;

/** A10, S5: a quorum's act that ripened and took effect, under the policy that it was decided on, and not long ago. */
export const importStands: Rule<ImportCase> = {
  name: 'import-stands',
  judge({ act, epoch, station, w }) {
    if (act.state === 'REFUSED' || act.state === 'LAPSED' || act.state === 'EXPIRED')
      return refuse('act-settled', `act ${act.id} ended without effect`);
    if (act.state !== 'DONE' || act.w0 === null || act.d0 === null)
      return refuse('act-unripe', `act ${act.id} has not taken effect`);
    if (act.base !== station.policy)
      return refuse('act-lapsed', `it was decided on the policy ${act.base}; ${station.policy} is in force`);
    if (epoch !== station.factorEpoch)
      return refuse('act-lapsed', 'all factors were revoked since it took effect, and those that it names with them');
    if (w > act.w0 + act.d0 + importWindow)
      return refuse('import-over', `an act imports for ${importWindow / hour} hours once it is ripe`);
    return pass('operators approved exactly these bytes, and their act took effect');
  },
};

/** What was signed happens in the order in which it was signed: whoever sends the chunks has no say in what they come to. */
export const importInOrder: Rule<ImportCase> = {
  name: 'import-in-order',
  judge: ({ inOrder }) =>
    inOrder
      ? pass('all chunks before it were imported')
      : refuse('import-out-of-order', 'send the chunk before it first'),
};

/** A8, A10: an import never adds to an account that has, or had, anything of its own: nobody gets a factor beside its owner's. */
export const importedAccountNew: Rule<ImportedAccount> = {
  name: 'imported-account-new',
  judge({ everEnrolled, usesService, imported }) {
    if (usesService) return refuse('account-not-new', 'the account is one of an MFA service’s');
    if (everEnrolled !== imported)
      return refuse('account-not-new', 'the account had a factor before, or has lost one since');
    return pass('the account has nothing that this import did not bring');
  },
};

/** An address is worth something only beside a factor, and is not to lie in wait for whoever enrols the account's first. */
export const importedAccountBegun: Rule<ImportedAccount> = {
  name: 'imported-account-begun',
  judge: ({ imported }) =>
    imported > 0
      ? pass('this import brought the account a factor')
      : refuse('account-not-new', 'this import brought the account no factor'),
};
