//! Who a service is to other services: its certificate, the authority that all of them trust, and the names in them. Reads
//! them from files, reads them again when they change, and makes a development authority. What a name may call is for the
//! rpcs to declare.
#![deny(missing_docs)]
