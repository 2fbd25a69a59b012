#Requires -RunAsAdministrator
#Requires -Version 4
# Puts the certificates of this pack into the machine's stores. The key cannot be exported again.
# Running it a second time changes nothing more.
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $MyInvocation.MyCommand.Path

function Add-Authority($file, $store) {
    Import-Certificate -FilePath (Join-Path $here $file) -CertStoreLocation "Cert:\LocalMachine\$store" | Out-Null
}
@IMPORTS@

$password = Read-Host -AsSecureString 'Password of @PFX@'
# As it is called here, Windows lets nobody take the private key out again.
Import-PfxCertificate -FilePath (Join-Path $here '@PFX@') -CertStoreLocation Cert:\LocalMachine\My -Password $password |
    Out-Null

# Windows may have put the CA certificates of the PFX beside the new one; they have their own stores.
foreach ($above in @(@ABOVE@)) {
    $copy = "Cert:\LocalMachine\My\$above"
    if ((Test-Path $copy) -and -not (Get-Item $copy).HasPrivateKey) { Remove-Item $copy }
}

$mine = Get-Item 'Cert:\LocalMachine\My\@THUMBPRINT@'
if (-not $mine.HasPrivateKey) { throw 'The certificate is there, but its private key is not.' }

$text = '@TEXT@'
$found = @(Get-ChildItem Cert:\LocalMachine\My | Where-Object {
    $_.Subject.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 -or
    $_.Issuer.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
if ($found.Count -ne 1) {
    $found | Format-Table -Property @('Thumbprint', 'Subject', 'Issuer', 'NotAfter') | Out-Host
    throw "$($found.Count) certificates match '$text'; the client would take the first. Remove the others."
}

certutil -verifystore My @THUMBPRINT@
if ($LASTEXITCODE -ne 0) { Write-Warning 'certutil is not content with the chain; it says why above.' }
Write-Host 'good: the certificate is in place and is the only match.'
