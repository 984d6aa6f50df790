/**
 * What a `.proto` file declares, as far as `proto/skiff` uses proto3: messages of single and repeated fields, oneofs, enums and services, all of one
 * package. A file that uses more is refused, never half understood.
 */

export interface FieldDeclaration {
  /** In camel case. */
  readonly name: string;
  readonly number: number;
  /** `string`, `Target`, `google.protobuf.Any`. */
  readonly type: string;
  readonly repeated: boolean;
  /** Of the oneof that it is a member of. */
  readonly oneof?: string;
}

export interface MethodDeclaration {
  readonly name: string;
  readonly request: string;
  readonly requestStream: boolean;
  readonly response: string;
  readonly responseStream: boolean;
}

export interface Declarations {
  /** Paths of the files that it builds on. */
  readonly imports: readonly string[];
  readonly messages: ReadonlyMap<string, readonly FieldDeclaration[]>;
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly services: ReadonlyMap<string, readonly MethodDeclaration[]>;
}

/** Throws an Error that names the word which it does not know. */
export function readDeclarations(text: string): Declarations {
  const words = text.replaceAll(/\/\/.*/g, '').match(/"[^"]*"|[\w.]+|[^\s\w]/g) ?? [];
  let at = 0;
  const next = (): string => words[at++] ?? '';
  const expect = (wanted: string): void => {
    const found = next();
    if (found !== wanted) throw new Error(`a proto file has ${JSON.stringify(found)} where ${wanted} should be`);
  };
  const taken = (word: string): boolean => {
    if (words[at] !== word) return false;
    at += 1;
    return true;
  };
  const inBraces = (read: () => void): void => {
    expect('{');
    while (!taken('}')) read();
  };
  const numbered = (): number => {
    expect('=');
    const word = next();
    expect(';');
    if (!/^\d+$/.test(word)) throw new Error(`a proto file has ${JSON.stringify(word)} where a number should be`);
    return Number(word);
  };

  const imports: string[] = [];
  const messages = new Map<string, readonly FieldDeclaration[]>();
  const enums = new Map<string, ReadonlyMap<string, number>>();
  const services = new Map<string, readonly MethodDeclaration[]>();

  const readField = (oneof?: string): FieldDeclaration => {
    const repeated = oneof === undefined && taken('repeated');
    const type = next();
    const name = camelCase(next());
    return { name, number: numbered(), type, repeated, ...(oneof === undefined ? {} : { oneof }) };
  };
  const readMessage = (): void => {
    const fields: FieldDeclaration[] = [];
    messages.set(next(), fields);
    inBraces(() => {
      if (!taken('oneof')) fields.push(readField());
      else {
        const oneof = next();
        inBraces(() => fields.push(readField(oneof)));
      }
    });
  };
  const readEnum = (): void => {
    const values = new Map<string, number>();
    enums.set(next(), values);
    inBraces(() => values.set(next(), numbered()));
  };
  const readBody = (): { type: string; stream: boolean } => {
    expect('(');
    const body = { stream: taken('stream'), type: next() };
    expect(')');
    return body;
  };
  const readService = (): void => {
    const methods: MethodDeclaration[] = [];
    services.set(next(), methods);
    inBraces(() => {
      expect('rpc');
      const name = next();
      const { type: request, stream: requestStream } = readBody();
      expect('returns');
      const { type: response, stream: responseStream } = readBody();
      expect(';');
      methods.push({ name, request, requestStream, response, responseStream });
    });
  };

  while (at < words.length) {
    const word = next();
    if (word === 'message') readMessage();
    else if (word === 'enum') readEnum();
    else if (word === 'service') readService();
    else if (word === 'import') {
      imports.push(next().slice(1, -1));
      expect(';');
    } else if (word === 'syntax') {
      expect('=');
      expect('"proto3"');
      expect(';');
    } else if (word === 'package') {
      next();
      expect(';');
    } else throw new Error(`a proto file has ${JSON.stringify(word)} where a declaration should be`);
  }
  return { imports, messages, enums, services };
}

const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
