import PodnetDaemon

await Program.main()
