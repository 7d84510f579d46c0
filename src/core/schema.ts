// Channels that have a schema, of any library that speaks Standard Schema v1 (standardschema.dev): zod, valibot, arktype …

/** What such a library's schemas have in common. */
export interface StandardSchema<I = unknown, O = I> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: I; readonly output: O } | undefined;
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- the schemas of one bus differ in both types
export type Schemas = { readonly [channelId: string]: StandardSchema<any, any> };

/** A bus whose channels may hold anything. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- no channel has a schema
export type NoSchemas = Record<never, never>;

type Types<T extends StandardSchema> = NonNullable<T['~standard']['types']>;
type Anything = { readonly [key: string]: unknown };

// Mapped types rather than conditional ones: through these TypeScript sees that a bus with schemas is a bus. The prefix keeps
// a channel that is called "constructor" from being taken for what every object has.

/** What may be sent on a channel; without a schema anything. */
export type InputOf<S extends Schemas, K extends string> = ({
  readonly [P in keyof S & string as `#${P}`]: Types<S[P]>['input'];
} & Anything)[`#${K}`];

/** What is received on a channel; without a schema nobody knows. */
export type OutputOf<S extends Schemas, K extends string> = ({
  readonly [P in keyof S & string as `#${P}`]: Types<S[P]>['output'];
} & Anything)[`#${K}`];
