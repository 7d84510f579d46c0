// The link inside one context keeps the contract of links.
import { testLink } from 'busline/testing';
import { describe, expect, test } from 'vitest';
import { loopLink } from '../../src/protocol/loop-link.ts';
import { quiet } from '../core/support.ts';

describe('the loop link', () => {
  testLink({ describe, test, expect }, () => ({ ...loopLink(), settle: quiet }));
});
