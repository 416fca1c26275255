"""rediform's agent: what runs on a node. It uses the standard library only, because every image with cloud-init has it.

Each module knows those before it and none after it:

    errors, redis        how a server is asked
    state                the node, and what it has on disk
    document             what one document says, and where it lies
    conf                 what a server reads: its config, its settings, its ACL
    view                 what Sentinels and data nodes say
    decide               whether a data node may start, and as what
    data, settings       a data node: the data that it finds, the settings that it runs with
    sentinel             a Sentinel's config
    start, handover      before a start, and before a stop
    attend, health       beside a server that runs
    install, check       what the bootstrap asks for
    __main__             the command line

`machine` is what only a virtual machine has, `local` what only a node in a folder has.
"""
