import { shown } from '../../domain/index.ts';
import type { Intended } from '../cases.ts';
import { pass, type Rule, refuse } from '../rule.ts';

/** The intent names this station, in this generation. */
export const intentForStation: Rule<Intended> = {
  name: 'intent-for-this-station',
  judge({ intent, station }) {
    const named = intent.intent.station;
    if (named === station.name) return pass(`the intent names this station, ${station.name}`);
    return refuse('station-mismatch', `the intent names station ${shown(named)}, this is ${station.name}`);
  },
};

/** Threat A11: an intent that was not prepared here, or was prepared before the ticket epoch rose, is not known. */
export const intentPrepared: Rule<Intended> = {
  name: 'intent-prepared-here',
  judge({ ticketGenuine }) {
    if (ticketGenuine) return pass('the intent carries a ticket of this station');
    return refuse(
      'ticket-invalid',
      'the intent’s ticket was not made by this station for exactly these members, or was voided since',
    );
  },
};
