// What the organisation keeps of its contacts beside what all have.
import { useQuery } from "@tanstack/react-query";
import type { ContactField } from "../../gen/onqueue/session/v1/contact_field_pb";
import { useDesk, useMay } from "../desk-context";

/** The fields; none where the user may not see them. */
export function useContactFields(): readonly ContactField[] {
  const { clients } = useDesk();
  const maySee = useMay("externalContacts:customField:view");
  const fields = useQuery({
    queryKey: ["contact-fields"],
    enabled: maySee,
    staleTime: 60_000,
    queryFn: async ({ signal }) => (await clients.contactFields.listContactFields({}, { signal })).contactFields,
  });
  return fields.data ?? [];
}
