/** Planted faults in sends and receives of mbufs on loan: whose an mbuf is, and for how long. */
import { type Fault, guard, remove, replace, when } from './edit.ts';

const RECEIVE = 'impl/kern/receive.ts';
const LOAN = 'impl/kern/loan.ts';

export const LOAN_FAULTS: readonly Fault[] = [
  {
    id: 'lent-is-freed',
    file: RECEIVE,
    text: 'an mbuf that is lent is freed as if it had been copied out of',
    change: (source) => when(source.in('soreceive_take').branch('lent'), () => 'true'),
  },
  {
    id: 'lent-part-is-shared',
    file: RECEIVE,
    text: 'of an mbuf of which a part is wanted the whole is lent, and stays in the buffer',
    change: (source) => replace(source.in('soreceive_lend').call('m_copym'), 'm'),
  },
  {
    id: 'lent-sender-not-told',
    file: RECEIVE,
    text: 'the sender of what was lent does not get its room back',
    change: (source) => guard(source.in('soreceive_generic').call('soreceive_tell'), 'get(k, td + td_lend) === 0'),
  },
  {
    id: 'lent-sent-and-kept',
    file: LOAN,
    text: 'what was sent of a loan is on loan still',
    change: (source) => remove(source.in('loan_cut').call('put', 'td + td_top')),
  },
  {
    id: 'lent-rest-is-lost',
    file: LOAN,
    text: 'of a loan of which a part was sent only the rest of one mbuf is left',
    change: (source) => remove(source.in('loan_cut').call('put', 'copied + m_next')),
  },
  {
    id: 'lent-sent-beyond-room',
    file: LOAN,
    text: 'the last mbuf that is sent of a loan goes as a whole',
    change: (source) => remove(source.in('loan_cut').call('put', 'm + m_len')),
  },
  {
    id: 'lent-back-twice',
    file: LOAN,
    text: 'what was given back can be given back again',
    change: (source) => remove(source.in('loan_take').call('put', 'td + td_lent')),
  },
  {
    id: 'lent-back-not-counted',
    file: LOAN,
    text: 'what was given back counts as lent for ever',
    change: (source) => remove(source.in('loan_return').call('loan_gone')),
  },
  {
    id: 'lent-back-and-lost',
    file: LOAN,
    text: 'of what is given back only the first mbuf is freed',
    change: (source) => {
      replace(source.in('loan_return').call('m_freem').getExpression(), 'm_free');
      source.needs('./mbuf.ts', 'm_free');
    },
  },
];
