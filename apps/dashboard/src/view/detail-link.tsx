import type { Detail } from '../state/location.ts';
import { Name } from './text.tsx';

/** A link to the page of a service or a secret. */
export function DetailLink({ detail }: { readonly detail: Detail }) {
  return (
    <a class="detail-link" href={`#${new URLSearchParams({ [detail.kind]: detail.name })}`}>
      <Name>{detail.name}</Name>
    </a>
  );
}
