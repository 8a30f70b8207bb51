/** Who is signed in and what they may do; without anybody, the way in. */
import { useQuery } from "@tanstack/react-query";
import { Spin } from "antd";
import { createContext, lazy, type ReactNode, Suspense, use, useEffect, useState } from "react";
import { api, body, carry, Problem, type Shape } from "../api/client";
import { ProblemPage } from "../parts/ProblemPage";

const Enrol = lazy(() => import("../screens/me/Enrol"));
const SignIn = lazy(() => import("../screens/sign-in/SignIn"));

type Me = Shape["Me"];

const Session = createContext<Me | null>(null);

/** The person in front of the screen. */
export function useMe(): Me {
  const me = use(Session);
  if (me === null) throw new Error("nobody is signed in");
  return me;
}

/** Whether they may: buttons without the right are not shown. */
export function useMay(): (right: string) => boolean {
  const held = new Set(useMe().rights);
  return (right) => held.has(right);
}

export function SignedIn({ children }: { children: ReactNode }) {
  const asked = useQuery({ queryKey: ["me"], queryFn: () => body(api.GET("/api/v1/me")), retry: false });
  const [enrolling, setEnrolling] = useState(false); // until the recovery codes were read, not only until they are made
  useEffect(() => carry(asked.data?.csrf ?? null), [asked.data]);
  if (asked.error instanceof Problem && asked.error.status === 401) {
    return (
      <Suspense fallback={<Spin fullscreen />}>
        <SignIn />
      </Suspense>
    );
  }
  if (asked.error) return <ProblemPage error={asked.error} />;
  if (!asked.data) return <Spin fullscreen />;
  carry(asked.data.csrf ?? null);
  if (asked.data.must_set_up_second_factor && !enrolling) setEnrolling(true);
  if (enrolling) {
    return (
      <Suspense fallback={<Spin fullscreen />}>
        <Enrol me={asked.data} kept={() => setEnrolling(false)} />
      </Suspense>
    );
  }
  return <Session value={asked.data}>{children}</Session>;
}
