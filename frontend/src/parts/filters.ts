/** Filters in the address: a page that somebody sends shows what they saw. */
import { useSearchParams } from "react-router";

/** The value of one filter, and how to set it; an empty one leaves the address. */
export function useFilter(name: string): [string | undefined, (value: string | undefined) => void] {
  const [params, change] = useSearchParams();
  const set = (value: string | undefined) => {
    change(
      (now) => {
        const next = new URLSearchParams(now);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  };
  return [params.get(name) ?? undefined, set];
}
