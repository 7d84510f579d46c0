// Drawn in the colour of the text around them. Those that say something carry a name; the others are decoration.

import type { ComponentChildren, VNode } from 'preact';

interface IconProps {
  readonly label?: string;
  readonly class?: string;
}

function Icon({ label, children, ...more }: IconProps & { readonly children: ComponentChildren }): VNode {
  const name = label === undefined ? { 'aria-hidden': true } : ({ role: 'img', 'aria-label': label } as const);
  return (
    <svg
      viewBox="0 0 20 20"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      {...name}
      {...more}
    >
      <g stroke-linecap="round" stroke-linejoin="round">
        {children}
      </g>
    </svg>
  );
}

export const QueuedIcon = (props: IconProps): VNode => (
  <Icon {...props}>
    <circle cx="10" cy="10" r="5.5" stroke-dasharray="2.4 2.4" />
  </Icon>
);

export const StoredIcon = (props: IconProps): VNode => (
  <Icon {...props}>
    <path d="m4.5 10.5 3.6 3.6 7.4-8.2" />
  </Icon>
);

export const ReadIcon = (props: IconProps): VNode => (
  <Icon {...props}>
    <path d="m1.8 10.5 3.6 3.6 7.4-8.2M10.2 13.4l.7.7 7.4-8.2" />
  </Icon>
);

export const WarningIcon = (props: IconProps): VNode => (
  <Icon {...props}>
    <path d="M10 3.2 17.4 16H2.6z" />
    <path d="M10 8v3.4M10 13.6v.1" />
  </Icon>
);

export const SendIcon = (): VNode => (
  <Icon>
    <path d="M10 16V4.5M5 9.2l5-5 5 5" />
  </Icon>
);

export const MenuIcon = (): VNode => (
  <Icon>
    <path d="M4 5.5h.1M4 10h.1M4 14.5h.1" stroke-width="3.5" />
    <path d="M4 5.5v9M9 5.5h8M9 10h8M9 14.5h5" />
  </Icon>
);

export const CloseIcon = (): VNode => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);

export const EditIcon = (): VNode => (
  <Icon>
    <path d="m4 16 .8-3.4L13 4.4l2.6 2.6-8.2 8.2z" />
  </Icon>
);

export const DownIcon = (): VNode => (
  <Icon>
    <path d="M10 4v11.5M5 10.8l5 5 5-5" />
  </Icon>
);

export const PlusIcon = (): VNode => (
  <Icon>
    <path d="M10 4.5v11M4.5 10h11" />
  </Icon>
);

export const SearchIcon = (): VNode => (
  <Icon>
    <circle cx="9" cy="9" r="5" />
    <path d="m12.8 12.8 3.7 3.7" />
  </Icon>
);

export const CopyIcon = (): VNode => (
  <Icon>
    <path d="M7.5 7.5h8.3v8.3H7.5z" />
    <path d="M12.5 7.5V4.2H4.2v8.3h3.3" />
  </Icon>
);

export const DeleteIcon = (): VNode => (
  <Icon>
    <path d="M4 5.8h12M8 5.8V4h4v1.8M5.4 5.8l.7 10.2h7.8l.7-10.2M8.4 9v4.2M11.6 9v4.2" />
  </Icon>
);

export const NewTabIcon = (): VNode => (
  <Icon>
    <path d="M8 5H4.5v10.5H15V12M11.5 4.5h4v4M15 5l-5.5 5.5" />
  </Icon>
);

export const DataIcon = (): VNode => (
  <Icon>
    <path d="M4.2 5.5c0-1.2 2.6-2 5.8-2s5.8.8 5.8 2-2.6 2-5.8 2-5.8-.8-5.8-2zM4.2 5.5v9c0 1.2 2.6 2 5.8 2s5.8-.8 5.8-2v-9M4.2 10c0 1.2 2.6 2 5.8 2s5.8-.8 5.8-2" />
  </Icon>
);

export const AgentsIcon = (): VNode => (
  <Icon>
    <path d="M5 7.5h10v7.8H5zM10 7.500V4.300M2.8 10v2.800M17.2 10v2.800M8 10.700v.900M12 10.700v.900" />
    <circle cx="10" cy="3.6" r="0.7" />
  </Icon>
);

export const FactsIcon = (): VNode => (
  <Icon>
    <path d="M7.6 4 6.2 16M13.8 4l-1.4 12M4 7.800h12.400M3.6 12.200H16" />
  </Icon>
);

export const PlanIcon = (): VNode => (
  <Icon>
    <path d="M10 16V11M10 11 5 6M10 11l5-5M5 9.500V6h3.500M15 9.500V6h-3.5" />
  </Icon>
);

export const DocsIcon = (): VNode => (
  <Icon>
    <path d="M10 5.4C8.6 4.3 6.6 4 3.8 4v11c2.8 0 4.8.3 6.2 1.4 1.4-1.1 3.4-1.4 6.2-1.4V4c-2.8 0-4.8.3-6.2 1.4zM10 5.4v11" />
  </Icon>
);

export const ThemeIcon = ({ theme }: { readonly theme: 'auto' | 'light' | 'dark' }): VNode => (
  <Icon>
    {theme === 'dark' ? (
      <path d="M15.8 11.9A6.3 6.3 0 0 1 8.1 4.2a6.3 6.3 0 1 0 7.7 7.7z" />
    ) : (
      <>
        <circle cx="10" cy="10" r={theme === 'auto' ? 5.5 : 3.2} />
        {theme === 'auto' ? (
          <path d="M10 4.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />
        ) : (
          <path d="M10 2.5v1.2M10 16.3v1.2M2.5 10h1.2M16.3 10h1.2M4.7 4.7l.8.8M14.5 14.5l.8.8M4.7 15.3l.8-.8M14.5 5.5l.8-.8" />
        )}
      </>
    )}
  </Icon>
);
