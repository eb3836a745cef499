package azuresim_test

// waiting are the recordings that are not played as yet, by name, with what the simulator lacks for them.
var waiting = map[string]string{
	"azure-cli-2025-02__test_vmss_linux_patch_mode": "virtual machines of Flexible scale sets",
	"azure-cli-2025-02__test_vmss_run_command_v2":   "virtual machines of Flexible scale sets",
	"azure-cli-2025-02__test_vmss_nics":             "network interfaces of 2024, and those of surplus instances",
}
