export async function checkHostile() {}
