/** A value that has come to rest: what is asked with every keystroke is asked once the fingers stop. */
import { useEffect, useState } from "react";

export function useSettled<T>(value: T, wait = 350): T {
  const [held, setHeld] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setHeld(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return held;
}
