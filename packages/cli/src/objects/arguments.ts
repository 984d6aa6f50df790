/** What objects a command line means: `TYPE[,TYPE...] [NAME...]` or `TYPE/NAME...`, with kubectl's words for what is neither. Pure. */

export interface Meant {
  /** One type, or several behind commas. */
  readonly types: string;
  /** Undefined: all of the type. */
  readonly name: string | undefined;
}

/** Throws Error when it can be read in no way. `verb` is the command's, for its example. */
export function readArguments(verb: string, args: readonly string[]): Meant[] {
  const combined = args.filter((one) => one.includes('/')).length;
  if (combined === args.length) return args.map(readPair);
  if (combined > 0)
    throw new Error(
      `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'skiff ${verb} resource/<resource_name>' instead of 'skiff ${verb} resource resource/<resource_name>'`,
    );
  const [types = '', ...names] = args;
  return names.length === 0 ? [{ types, name: undefined }] : names.map((name) => ({ types, name }));
}

function readPair(text: string): Meant {
  const [types = '', name = '', ...more] = text.split('/');
  if (more.length > 0) throw new Error('arguments in resource/name form may not have more than one slash');
  if (types === '' || name === '' || types.includes(','))
    throw new Error('arguments in resource/name form must have a single resource and name');
  return { types, name };
}
