/** Reads JSON Schemas as the specs have them: references, parts of a whole, and examples of what fits. */

/** What a `$ref` names; anything else is itself. */
export function resolve(spec, source) {
  if (!source || !source.$ref) return source || {};
  const { $ref, ...notes } = source;
  return { ...resolve(spec, $ref.replace('#/', '').split('/').reduce((part, name) => part[name], spec)), ...notes };
}

/** The schema with all that `allOf` adds. */
function whole(spec, source) {
  const { allOf = [], ...own } = resolve(spec, source);
  return allOf.map((part) => whole(spec, part)).concat(own).reduce((all, part) => ({
    ...all, ...part,
    properties: { ...all.properties, ...part.properties },
    required: [...(all.required || []), ...(part.required || [])],
  }), {});
}

/** A type in words. */
export function typeOf(spec, source) {
  const schema = resolve(spec, source);
  const either = schema.anyOf || schema.oneOf;
  if (either) return [...new Set(either.map((one) => typeOf(spec, one)))].join(' or ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const type = [schema.type || 'any'].flat().join(' or ');
  const limits = [schema.format, schema.maxLength && `at most ${schema.maxLength} characters`, schema.minimum !== undefined && `from ${schema.minimum}`, schema.maximum !== undefined && `to ${schema.maximum}`];
  const inner = schema.type === 'array' && schema.items ? ` of ${typeOf(spec, schema.items)}` : '';
  return [type + inner, ...limits.filter(Boolean)].join(', ');
}

/** Every field of an object, those inside others after a dot. */
export function fields(spec, source, before = '', depth = 0) {
  const schema = whole(spec, source);
  if (schema.anyOf && !Object.keys(schema.properties).length) return fields(spec, schema.anyOf[0], before, depth);
  return Object.entries(schema.properties || {}).flatMap(([name, part]) => {
    const inner = whole(spec, part);
    const within = inner.type === 'array' ? whole(spec, inner.items) : inner;
    const row = { name: before + name, type: typeOf(spec, part), required: schema.required.includes(name), description: inner.description };
    const path = `${before}${name}${inner.type === 'array' ? '[]' : ''}.`;
    return depth < 2 && Object.keys(within.properties).length ? [row, ...fields(spec, within, path, depth + 1)] : [row];
  });
}

/** An example that fits: what is required, from `samples` by name where there is one. */
export function example(spec, source, samples) {
  const schema = whole(spec, source);
  const wanted = Object.entries(schema.properties).filter(([name]) => schema.required.includes(name) || (schema.required.length === 0 && name in samples));
  return Object.fromEntries(wanted.map(([name, part]) => [name, name in samples ? samples[name] : invent(spec, part, samples)]));
}

function invent(spec, source, samples) {
  const schema = whole(spec, source);
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = [schema.type].flat()[0] || (schema.anyOf ? [resolve(spec, schema.anyOf[0]).type].flat()[0] : 'string');
  if (type === 'object') return example(spec, schema, samples);
  if (type === 'array') return [];
  return { integer: 1, number: 1, boolean: false, null: null }[type] ?? 'text';
}
