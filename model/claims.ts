/**
 * What was *claimed* about sockets in the five mails that this began with, proposition by proposition (reference F), where the specification is
 * asked about it, and what comes out. A claim about states or steps has a predicate by the same id in `claims/states.ts` or `claims/steps.ts`;
 * of what has none it is said why. `sockref claims` decides every one anew and compares with what is expected here.
 */
import { announcementClaims } from './claims/announcement.ts';
import type { Claim } from './claims/claim.ts';
import { dragonflyClaims } from './claims/dragonfly.ts';
import { earlierClaims } from './claims/earlier.ts';

export interface Mail {
  readonly who: string;
  readonly when: string;
}

/** By the first part of a claim's id. */
export const mails: Readonly<Record<string, Mail>> = {
  F000: { who: 'Watson', when: '29 March 2006' },
  F001: { who: 'Aggelos', when: 'undated, DragonFly' },
  F002: { who: 'Perlstein', when: '11 September 2000' },
  F003: { who: 'Watson', when: '2004' },
  F004: { who: 'Watson', when: '16 June 2006' },
};

/** In the order of their ids. */
export const claims: readonly Claim[] = [...announcementClaims, ...dragonflyClaims, ...earlierClaims].sort((a, b) =>
  a.id.localeCompare(b.id, 'en', { numeric: true }),
);
