/** Random user code with Atomics: loops, helpers, classes, closures, mixed widths; every number it keeps fits in 32 bits. */
import type { Case } from './atoms-agreement.ts';

type Roll = (below: number) => number;

/** What a function has for itself: an array, an object, a list of functions. */
const OWN = `  const own = new Int16Array(4);
  const list = [3, 1, 2];
  const pair = { f: 1, g: 2 };
  const picks = [(x: number): number => x & 15, (x: number): number => Atomics.add(i32, 2, x & 1), (x: number): number => ~x];
`;

const ARRAYS = ['i32', 'u32', 'i16', 'u16', 'i8', 'u8'] as const;
const LENGTH = { i32: 4, u32: 4, i16: 8, u16: 8, i8: 16, u8: 16 } as const;

export function randomCase(roll: Roll): Case {
  const writer = new Writer(roll);
  const source = writer.program();
  const threads = Array.from({ length: 1 + roll(3) }, () =>
    Array.from({ length: 1 + roll(2) }, () => ({ call: 'worker', args: [...ARRAYS, roll(4)] })),
  );
  return {
    source,
    memory: {
      i32: { type: 'Int32Array', length: 4 },
      u32: { type: 'Uint32Array', length: 4, offset: 16 },
      i16: { type: 'Int16Array', length: 8, offset: 0 },
      u16: { type: 'Uint16Array', length: 8, offset: 16 },
      i8: { type: 'Int8Array', length: 16, offset: 0 },
      u8: { type: 'Uint8Array', length: 16, offset: 16 },
    },
    threads,
  };
}

class Writer {
  private readonly roll: Roll;
  private names = 0;
  /** Variables in sight that can be read, and those that can be assigned. */
  private readable: string[] = [];
  private assignable: string[] = [];
  private loops = 0;
  private helpers: string[] = [];

  constructor(roll: Roll) {
    this.roll = roll;
  }

  program(): string {
    const views = ARRAYS.map((name) => `${name}: ${type(name)}`).join(', ');
    const pass = ARRAYS.join(', ');
    const helpers = [0, 1].map((n) => {
      this.names = 100 * (n + 1);
      [this.readable, this.assignable, this.loops] = [['n'], ['n'], 0];
      const body = this.block(2, 3);
      const text = `function h${n}(${views}, n: number): number {\n${OWN}${body}return ${this.number(1)};\n}`;
      this.helpers.push(`h${n}(${pass}, `);
      return text;
    });
    [this.readable, this.assignable, this.loops] = [['n'], [], 0];
    this.names = 0;
    const recursive = `function rec(${views}, n: number): number {\n  if (n <= 0) return Atomics.load(i32, 0);\n  return (Atomics.add(i32, n & 3, 1) + rec(${pass}, n - 1)) | 0;\n}`;
    const box = [
      'class Box {',
      '  count = 0;',
      '  constructor(readonly cells: Int32Array, private readonly at: number) {}',
      '  get value(): number { return Atomics.load(this.cells, this.at); }',
      '  set value(v: number) { Atomics.store(this.cells, this.at, v); }',
      '  bump(by: number): number { this.count++; return (Atomics.add(this.cells, this.at, by) + this.count) | 0; }',
      '}',
    ].join('\n');
    this.helpers.push(`rec(${pass}, 3 & `);
    const body = this.block(3, 5);
    const worker = [
      `export function worker(${views}, n: number): number {`,
      '  const box = new Box(i32, 1);',
      '  const twice = (work: () => number): number => { work(); return work(); };',
      '  let kept = 1;',
      OWN,
      body,
      `  kept = (kept + box.bump(${this.small()}) + twice(() => box.bump(kept & 7))) | 0;`,
      '  box.value = kept & 3;',
      `  return (kept + box.value + ${this.number(2)}) | 0;`,
      '}',
    ].join('\n');
    return [...helpers, recursive, box, worker, ''].join('\n\n');
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)] as T;
  }

  private small(): string {
    return String(this.pick([0, 1, 2, 3, 7, 255, 256, 65535, -1, -128, 0x7fffffff, 0xffffffff]));
  }

  private block(depth: number, most: number): string {
    const [readable, assignable] = [[...this.readable], [...this.assignable]];
    const lines = Array.from({ length: 1 + this.roll(most) }, () => this.statement(depth));
    [this.readable, this.assignable] = [readable, assignable];
    return lines.join('');
  }

  private statement(depth: number): string {
    const choice = this.roll(depth > 0 ? 24 : 9);
    switch (choice) {
      case 0:
      case 1: {
        const name = `v${this.names++}`;
        const text = `let ${name} = ${this.number(2)};\n`;
        this.readable.push(name);
        this.assignable.push(name);
        return text;
      }
      case 2:
        return this.assignable.length === 0 ? this.write() : `${this.pick(this.assignable)} = ${this.number(2)};\n`;
      case 3:
        return this.assignable.length === 0
          ? this.write()
          : `${this.pick(this.assignable)} ${this.pick(['&=', '|=', '^=', '>>=', '>>>='])} ${this.number(1)};\n`;
      case 4:
      case 5:
        return this.write();
      case 6:
        return `${this.atomic(1)};\n`;
      case 7:
        return this.waiting();
      case 8:
        return `console.assert(${this.boolean(1)} || ${this.boolean(1)} || ${this.boolean(0)}, 'asserted');\n`;
      case 9:
      case 10:
        return `if (${this.boolean(2)}) {\n${this.block(depth - 1, 2)}} else {\n${this.block(depth - 1, 2)}}\n`;
      case 11:
        return this.loop(depth);
      case 12:
        return this.switched(depth);
      case 13:
        return `try {\n${this.block(depth - 1, 2)}} finally {\n${this.isolated(() => this.block(depth - 1, 1))}}\n`;
      case 14:
        return this.loops > 0 ? `if (${this.boolean(1)}) ${this.pick(['break', 'continue'])};\n` : this.write();
      case 15:
        return `{\nconst f = (x: number): number => (x + ${this.number(1)}) | 0;\n${this.pick(ARRAYS)}[1] = f(${this.number(1)});\n}\n`;
      case 17:
        return this.caught(depth);
      case 18:
        return `${this.roll(2) === 0 ? `list[(${this.number(1)} & 1) + 1]` : `own[${this.number(1)} & 3]`} ${this.pick(['=', '+=', '^='])} ${this.number(1)};\n`;
      case 20: {
        const name = `x${this.names++}`;
        return `if (${this.boolean(1)}) { var ${name} = ${this.number(1)} | 0; }\nown[0] ^= ${name} ?? 7;\n`;
      }
      case 21:
        return `own.forEach((x, i) => { ${this.pick(ARRAYS)}[1] = x; if (i < 3) own[i + 1] += ${this.number(1)} & 7; });\n`;
      case 19:
        return `${this.pick(['pair.f', 'pair.g', 'pair.f &', 'pair.g ^'])}= ${this.number(1)} | 0;\n`;
      case 16:
        return `for (const x of [${this.small()}, ${this.number(1)}]) { ${this.pick(ARRAYS)}[2] = x; }\n`;
      default:
        return this.bulk();
    }
  }

  private isolated<T>(work: () => T): T {
    const { loops } = this;
    this.loops = 0;
    const result = work();
    this.loops = loops;
    return result;
  }

  private loop(depth: number): string {
    const name = `k${this.names++}`;
    this.readable.push(name);
    this.loops++;
    const body = this.block(depth - 1, 2);
    this.loops--;
    this.readable.pop();
    const bound = 1 + this.roll(3);
    switch (this.roll(3)) {
      case 0:
        return `for (let ${name} = 0; ${name} < ${bound}; ${name}++) {\n${body}}\n`;
      case 1:
        return `{ let ${name} = 0;\nwhile (${name}++ < ${bound} && ${this.boolean(1)}) {\n${body}} }\n`;
      default:
        return `{ let ${name} = 0;\ndo {\n${body}} while (++${name} < ${bound}); }\n`;
    }
  }

  private switched(depth: number): string {
    const through = this.roll(2) === 0 ? 'break;\n' : '';
    return this.isolated(
      () => `switch (${this.number(1)} & 3) {
case 0:\n${this.block(depth - 1, 1)}${through}case 1:\n${this.block(depth - 1, 1)}break;\ndefault:\n${this.block(depth - 1, 1)}}\n`,
    );
  }

  private write(): string {
    const array = this.pick(ARRAYS);
    const element = `${array}[${this.index(array)}]`;
    switch (this.roll(4)) {
      case 0:
        return `${element}++;\n`;
      case 1:
        return `${element} ${this.pick(['+=', '-=', '^=', '<<=', '*='])} ${this.number(1)};\n`;
      case 2:
        return `--${element};\n`;
      default:
        return `${element} = ${this.number(2)};\n`;
    }
  }

  private bulk(): string {
    const array = this.pick(ARRAYS);
    switch (this.roll(4)) {
      case 0:
        return `${array}.fill(${this.small()}, ${this.roll(3)}, ${this.pick([2, 3, -1])});\n`;
      case 1:
        return `${array}.copyWithin(${this.roll(3)}, ${this.roll(3)}, ${this.pick([2, 3, 4])});\n`;
      case 2:
        return `${array}.set([${this.small()}, ${this.number(1)}], ${this.roll(3)});\n`;
      default:
        return `{ const s = ${array}.subarray(${this.roll(2)}, ${2 + this.roll(2)}); s[0] = s.length; }\n`;
    }
  }

  private waiting(): string {
    const at = this.roll(4);
    switch (this.roll(6)) {
      case 0:
      case 3:
        return `Atomics.wait(i32, ${at}, ${this.roll(2)});\n`;
      case 1:
        return `Atomics.notify(i32, ${at}${this.pick(['', ', 1', ', 2'])});\n`;
      case 2:
        return `if (Atomics.wait(i32, ${at}, ${this.roll(2)}, 10) === '${this.pick(['ok', 'timed-out', 'not-equal'])}') u8[3] = 1;\n`;
      default:
        return `Atomics.notify(i32, ${at});\n`;
    }
  }

  private index(array: (typeof ARRAYS)[number]): string {
    const most = LENGTH[array];
    if (this.roll(40) === 0) return String(most);
    return this.roll(3) === 0 ? `${this.number(1)} & ${most - 1}` : String(this.roll(most));
  }

  private atomic(depth: number): string {
    const array = this.pick(ARRAYS);
    const at = `${array}, ${this.index(array)}`;
    switch (this.roll(5)) {
      case 0:
        return `Atomics.load(${at})`;
      case 1:
        return `Atomics.compareExchange(${at}, ${this.number(depth - 1)}, ${this.number(depth - 1)})`;
      case 2:
        return `Atomics.exchange(${at}, ${this.number(depth - 1)})`;
      default:
        return `Atomics.${this.pick(['add', 'sub', 'and', 'or', 'xor'])}(${at}, ${this.number(depth - 1)})`;
    }
  }

  /** A number of 32 bits, signed or not. */
  /** `try` in its forms: thrown on the way or in a function, caught, thrown again, `finally` that ends it. */
  private caught(depth: number): string {
    const inner = (): string => this.block(depth - 1, 1);
    const mayThrow = `if (${this.boolean(1)}) throw new Error('thrown');\n`;
    const called = `own[1] += ((x: number): number => { try { ${mayThrow} return x; } finally { ${this.pick(ARRAYS)}[0] = 5; } })(${this.number(1)});\n`;
    const body = `${inner()}${this.roll(2) === 0 ? mayThrow : called}${inner()}`;
    const again = this.roll(3) === 0 ? `if (${this.boolean(1)}) throw error;\n` : '';
    const end = this.loops > 0 && this.roll(2) === 0 ? `if (${this.boolean(1)}) ${this.pick(['break', 'continue'])};\n` : '';
    switch (this.roll(4)) {
      case 0:
        return `try {\n${body}} catch (error) {\n${again}${inner()}} finally {\n${inner()}${end}}\n`;
      case 1:
        return `try {\ntry {\n${body}} finally {\n${end}${inner()}}\n${inner()}} catch {\n${inner()}}\n`;
      default:
        return `try {\n${body}} catch (error) {\n${inner()}${again}}\n`;
    }
  }

  private number(depth: number): string {
    if (depth <= 0) return this.readable.length > 0 && this.roll(2) === 0 ? this.pick(this.readable) : this.small();
    const [a, b] = [() => this.number(depth - 1), () => this.number(depth - 1)];
    switch (this.roll(19)) {
      case 13:
        return `own[${a()} & 3]`;
      case 14:
        return `(${this.pick(['pair.f', 'pair.g', '(pair.f = pair.g)', '(own[1]++)', '(--own[2])'])} | 0)`;
      case 15:
        return `((${this.boolean(depth - 1)} ? ${a()} : undefined) ?? ${b()})`;
      case 17:
        return this.pick([
          '(list.reduce((sum, x) => (sum + x) | 0, 0) | 0)',
          '(own.map((x) => x << 9)[n & 3])',
          '([...list, list[1]++].length + list[1])',
          '(list.indexOf(2))',
          '((list.some((x) => x > 2) && own.every((x) => (i32[3] = x) < 5)) ? 1 : 0)',
        ]);
      case 16:
        return `picks[${this.roll(2) === 0 ? this.roll(3) : `(${a()} & 1)`}](${b()})`;
      case 0:
        return `((${a()} ${this.pick(['+', '-', '*'])} ${b()}) | 0)`;
      case 1:
        return `((${a()} ${this.pick(['+', '-'])} ${b()}) >>> 0)`;
      case 2:
        return `(${a()} ${this.pick(['&', '|', '^', '<<', '>>', '>>>'])} ${b()})`;
      case 3:
        return `(${a()} % ${this.pick([1, 3, 7, 16])})`;
      case 4:
        return `(${this.boolean(depth - 1)} ? ${a()} : ${b()})`;
      case 5:
      case 6: {
        const array = this.pick(ARRAYS);
        return `${array}[${this.index(array)}]`;
      }
      case 7:
        return this.atomic(depth);
      case 8:
        return this.assignable.length > 0 ? `(${this.pick(this.assignable)} = ${a()})` : a();
      case 9:
        return this.helpers.length > 0 ? `${this.pick(this.helpers)}${a()})` : a();
      case 10:
        return `Math.${this.pick(['min', 'max'])}(${a()} | 0, ${b()} | 0)`;
      case 11:
        return `Math.imul(${a()}, ${b()})`;
      case 12:
        return `(~${a()})`;
      default:
        return a();
    }
  }

  private boolean(depth: number): string {
    const [a, b] = [() => this.number(depth), () => this.number(depth)];
    if (depth <= 0) return `(${a()} ${this.pick(['<', '<=', '>', '>=', '===', '!=='])} ${b()})`;
    switch (this.roll(5)) {
      case 0:
        return `(${this.boolean(depth - 1)} && ${this.boolean(depth - 1)})`;
      case 1:
        return `(${this.boolean(depth - 1)} || ${this.boolean(depth - 1)})`;
      case 2:
        return `!${this.boolean(depth - 1)}`;
      default:
        return `(${a()} ${this.pick(['<', '<=', '>', '>=', '===', '!=='])} ${b()})`;
    }
  }
}

function type(name: (typeof ARRAYS)[number]): string {
  return { i32: 'Int32Array', u32: 'Uint32Array', i16: 'Int16Array', u16: 'Uint16Array', i8: 'Int8Array', u8: 'Uint8Array' }[name];
}
