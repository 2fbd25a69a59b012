#Requires -RunAsAdministrator
# Puts the certificates of this pack into the machine's stores. The key cannot be exported again.
$ErrorActionPreference = 'Stop'
$here = Split-Path -Parent $MyInvocation.MyCommand.Path
function Add-Authority($file, $store) {
    Import-Certificate -FilePath (Join-Path $here $file) -CertStoreLocation "Cert:\LocalMachine\$store" | Out-Null
}
@IMPORTS@
$password = Read-Host -AsSecureString 'Password of @PFX@'
Import-PfxCertificate -FilePath (Join-Path $here '@PFX@') -CertStoreLocation Cert:\LocalMachine\My -Password $password |
    Out-Null

$mine = Get-Item 'Cert:\LocalMachine\My\@THUMBPRINT@'
if (-not $mine.HasPrivateKey) { throw 'The certificate is there, but its private key is not.' }
$text = '@TEXT@'
$found = @(Get-ChildItem Cert:\LocalMachine\My | Where-Object {
    $_.Subject.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 -or
    $_.Issuer.IndexOf($text, [StringComparison]::OrdinalIgnoreCase) -ge 0 })
if ($found.Count -ne 1) {
    $found | Format-Table Thumbprint, Subject, Issuer, NotAfter
    throw "$($found.Count) certificates match '$text'; the client would take the first. Remove the others."
}
certutil -verifystore My @THUMBPRINT@
Write-Host 'good: the certificate is in place and is the only match.'
