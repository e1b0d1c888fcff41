import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { ListView } from '../state/list-view.ts';
import { useVirtualRows } from './virtual-rows.ts';

/** A column of a {@link LongTable}. */
export interface Column<T> {
  readonly title: string;
  /** The class of the style sheet, for its width. */
  readonly className: string;
  /** The list's sort order for this column; missing if it has none. */
  readonly sort?: string;
  /** Whether the largest comes first. */
  readonly largestFirst?: boolean;
  readonly cell: (row: T) => ComponentChildren;
}

/** The content of a {@link LongTable}. */
export interface LongTableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly rowClass: (row: T) => string;
  readonly isOpen: (row: T) => boolean;
  /** The content below an open row, over its whole width. */
  readonly detail: (row: T) => ComponentChildren;
  readonly view: ListView;
  readonly onView: (view: ListView) => void;
  readonly estimatePx: number;
}

/**
 * A table of any length: only the rows near the window are drawn, and each again only if it has changed. On a narrow
 * page each row is a card. Its columns and callbacks must stay the same objects.
 */
export function LongTable<T>(props: LongTableProps<T>) {
  const { caption, columns, rows, keyOf, view, onView } = props;
  const list = useRef<HTMLTableElement>(null);
  const { items, beforePx, afterPx, measure } = useVirtualRows(list, rows.length, props.estimatePx, (index) => {
    const row = rows[index];
    return row === undefined ? String(index) : keyOf(row);
  });
  return (
    <table class="long" aria-rowcount={rows.length + 1} ref={list}>
      <caption class="unseen">{caption}</caption>
      <colgroup>
        {columns.map(({ title, className }) => (
          <col key={title} class={className} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => (
            <Head key={column.title} column={column} view={view} onView={onView} />
          ))}
        </tr>
      </thead>
      <Spacer heightPx={beforePx} columns={columns.length} />
      {items.map(({ index, key }) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <tbody key={key} data-index={index} ref={measure} class={props.rowClass(row)}>
            <Row row={row} rowIndex={index + 2} columns={columns} isOpen={props.isOpen(row)} detail={props.detail} />
          </tbody>
        );
      })}
      <Spacer heightPx={afterPx} columns={columns.length} />
    </table>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly rowIndex: number;
  readonly columns: readonly Column<T>[];
  readonly isOpen: boolean;
  readonly detail: (row: T) => ComponentChildren;
}

function Row<T>({ row, rowIndex, columns, isOpen, detail }: RowProps<T>) {
  return useMemo(
    () => (
      <>
        <tr aria-rowindex={rowIndex}>
          {columns.map(({ title, className, cell }) => (
            <td key={title} class={className} data-title={title}>
              <div class="cell">{cell(row)}</div>
            </td>
          ))}
        </tr>
        {isOpen && (
          <tr class="detail">
            <td colSpan={columns.length}>{detail(row)}</td>
          </tr>
        )}
      </>
    ),
    [row, rowIndex, columns, isOpen, detail],
  );
}

/** The space of the rows that are not drawn. */
function Spacer({ heightPx, columns }: { readonly heightPx: number; readonly columns: number }) {
  if (heightPx <= 0) return null;
  return (
    <tbody class="spacer" aria-hidden="true">
      <tr>
        <td colSpan={columns} style={{ height: `${heightPx}px` }} />
      </tr>
    </tbody>
  );
}

interface HeadProps<T> {
  readonly column: Column<T>;
  readonly view: ListView;
  readonly onView: (view: ListView) => void;
}

function Head<T>({ column: { title, sort, className, largestFirst = false }, view, onView }: HeadProps<T>) {
  if (sort === undefined) {
    return (
      <th scope="col" class={className}>
        {title === 'Rotate' ? <span class="unseen">{title}</span> : title}
      </th>
    );
  }
  const isSorted = view.sort === sort;
  const descending = isSorted ? !view.descending : largestFirst;
  return (
    <th scope="col" class={className} aria-sort={isSorted ? (view.descending ? 'descending' : 'ascending') : undefined}>
      <button type="button" class="sort" onClick={() => onView({ ...view, sort, descending })}>
        {title}
        <span class="arrow" aria-hidden="true">
          {isSorted ? (view.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}
